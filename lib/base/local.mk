libkrait_core_la_SOURCES += \
	%D%/buffer.c %D%/buffer.h %D%/dtype.c %D%/dtype.h %D%/file.c %D%/file.h %D%/json.c %D%/json.h \
	%D%/memory.c %D%/memory.h %D%/scan.c %D%/scan.h %D%/size.h %D%/turn.c %D%/turn.h %D%/utf8.c %D%/utf8.h %D%/why.c %D%/why.h
