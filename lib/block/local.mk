libkrait_core_la_SOURCES += %D%/attention.c %D%/block.c %D%/block.h %D%/mamba1.c %D%/mamba2.c %D%/mamba3.c \
	%D%/mlp.c %D%/moe.c
