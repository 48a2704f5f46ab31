# lib/text - tokenizer
