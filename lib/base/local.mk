libkrait_core_la_SOURCES += \
	%D%/arena.c %D%/arena.h %D%/buffer.c %D%/buffer.h %D%/dtype.c %D%/dtype.h %D%/errno.c %D%/file.c %D%/file.h %D%/file_replace.c %D%/foreign.c %D%/foreign.h \
	%D%/json_field.c %D%/json_field.h %D%/json_number.c %D%/json_number.h %D%/json_object.c %D%/json_object.h %D%/json_read.c \
	%D%/json_tree.c %D%/json_tree.h %D%/json_write.c %D%/memory.c %D%/memory.h %D%/quote.c %D%/quote.h %D%/scan.c %D%/scan.h %D%/seed.c %D%/seed.h \
	%D%/size.h %D%/turn.c %D%/turn.h %D%/utf8.c %D%/utf8.h %D%/why.c %D%/why.h
