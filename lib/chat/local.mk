# lib/chat - conversations
libkrait_core_la_SOURCES += \
	%D%/chat.c \
	%D%/chat.h \
	%D%/closing.c \
	%D%/feed.c \
	%D%/render.c \
	%D%/render.h \
	%D%/templates.c \
	%D%/transcript.c \
	%D%/transcript.h \
	%D%/values.c
