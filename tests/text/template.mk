# tests of chat templates
