libkrait_core_la_SOURCES += %D%/block.c %D%/block.h %D%/mamba1.c %D%/mamba2.c
