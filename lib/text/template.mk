# lib/text - chat templates
