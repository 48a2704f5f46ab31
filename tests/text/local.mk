# tests of the tokenizer
