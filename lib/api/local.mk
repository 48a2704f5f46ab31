libkrait_core_la_SOURCES += \
	%D%/library.c %D%/options.c %D%/options.h %D%/devices.c %D%/installed.c %D%/measure.c %D%/model.c %D%/model_info.c %D%/model_info.h \
	%D%/session.c %D%/session_output.c %D%/session_settings.c %D%/state.c %D%/batch.c %D%/embed.c %D%/sampler.c \
	%D%/tokenizer.c %D%/decoder.c %D%/chat.c
