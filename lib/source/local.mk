libkrait_core_la_SOURCES += \
	%D%/checkpoint.c %D%/checkpoint.h %D%/foreign_folder.c %D%/foreign_folder.h %D%/pickle.c %D%/pickle.h \
	%D%/safetensors.c %D%/shards.c %D%/source.h %D%/torch.c %D%/weights_list.c %D%/weights_list.h %D%/zip.c \
	%D%/zip.h
