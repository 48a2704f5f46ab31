# lib/chat - conversations
libkrait_core_la_SOURCES += \
	%D%/render.c \
	%D%/render.h \
	%D%/values.c
