# The krait command: public headers and libkrait.so only.
bin_PROGRAMS += krait
krait_SOURCES = \
	%D%/main.c %D%/nearest.c %D%/nearest.h %D%/verbs.h %D%/options.c %D%/options.h %D%/say.c %D%/say.h %D%/files.c %D%/files.h \
	%D%/sizes.c %D%/sizes.h %D%/terminal.c %D%/terminal.h %D%/wrap.c %D%/wrap.h %D%/progress.c %D%/progress.h \
	%D%/interrupt.c %D%/interrupt.h %D%/line.c %D%/line.h %D%/line_keys.c %D%/line_keys.h %D%/opening.c %D%/opening.h \
	%D%/sampling.c %D%/sampling.h %D%/stream.c %D%/stream.h \
	%D%/run.c %D%/tokenize.c %D%/score.c %D%/info.c %D%/info.h %D%/info_state.c %D%/list.c \
	%D%/chat.c %D%/chat.h %D%/chat_show.c %D%/chat_commands.c \
	%D%/conversation.c %D%/conversation.h %D%/conversation_file.c \
	%D%/bench.c %D%/bench.h %D%/bench_ceilings.c %D%/bench_device.c %D%/bench_diverge.c %D%/bench_lasting.c %D%/bench_report.c %D%/bench_works.c
krait_CPPFLAGS = $(AM_CPPFLAGS) $(LIBEDIT_CFLAGS)
krait_CFLAGS = $(AM_CFLAGS)
krait_LDADD = libkrait.la $(LIBEDIT_LIBS) $(JANSSON_LIBS) -lm
