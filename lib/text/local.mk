libkrait_core_la_SOURCES += \
	%D%/added.c %D%/added.h %D%/added_load.c %D%/alphabet.c %D%/alphabet.h %D%/automaton.c %D%/automaton.h \
	%D%/bpe.c %D%/bpe.h %D%/bpe_load.c %D%/encode.c %D%/grow.h %D%/load.c %D%/mend.c %D%/merges.c %D%/merges.h \
	%D%/normalize.c %D%/normalize.h %D%/post.c %D%/post.h %D%/pretokenize.c %D%/pretokenize.h %D%/pretokenize_load.c \
	%D%/regex.c %D%/regex.h %D%/regex_class.c %D%/regex_rewrite.c %D%/regex_rewrite.h %D%/split.c %D%/split.h %D%/stream.c %D%/tokenizer.h %D%/tokenizer_parts.h \
	%D%/unicode.c %D%/unicode.h %D%/vocab.c %D%/vocab.h
