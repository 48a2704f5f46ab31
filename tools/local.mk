# The krait command: public headers and libkrait.so only.
bin_PROGRAMS += krait
krait_SOURCES = \
	%D%/main.c %D%/nearest.c %D%/nearest.h %D%/verbs.h %D%/options.c %D%/options.h %D%/say.c %D%/say.h %D%/files.c %D%/files.h \
	%D%/sizes.c %D%/sizes.h %D%/terminal.c %D%/terminal.h %D%/wrap.c %D%/wrap.h %D%/progress.c %D%/progress.h \
	%D%/interrupt.c %D%/interrupt.h %D%/line.c %D%/line.h %D%/line_keys.c %D%/line_keys.h %D%/opening.c %D%/opening.h \
	%D%/sampling.c %D%/sampling.h %D%/stream.c %D%/stream.h \
	%D%/run.c %D%/tokenize.c %D%/score.c %D%/embed.c %D%/info.c %D%/info.h %D%/info_state.c %D%/list.c \
	%D%/chat.c %D%/chat.h %D%/chat_show.c %D%/chat_commands.c \
	%D%/conversation.c %D%/conversation.h %D%/conversation_file.c \
	%D%/pull/pull.h %D%/pull/remove.c \
	%D%/bench.c %D%/bench.h %D%/bench_ceilings.c %D%/bench_device.c %D%/bench_diverge.c %D%/bench_lasting.c %D%/bench_report.c %D%/bench_works.c
pull_sources = \
	%D%/pull/bars.c %D%/pull/bars.h %D%/pull/cache.c %D%/pull/cache.h %D%/pull/choose.c %D%/pull/choose.h \
	%D%/pull/connection.c %D%/pull/connection.h %D%/pull/digest.c %D%/pull/digest.h %D%/pull/fetch.c %D%/pull/fetch.h \
	%D%/pull/hub.c %D%/pull/hub.h %D%/pull/listing.c %D%/pull/listing.h %D%/pull/listing_get.c %D%/pull/needs.c %D%/pull/needs.h %D%/pull/pull.c \
	%D%/pull/receive.c %D%/pull/receive.h %D%/pull/reply.c %D%/pull/reply.h %D%/pull/report.c %D%/pull/report.h \
	%D%/pull/small.c %D%/pull/small.h %D%/pull/transfer.c %D%/pull/transfer.h %D%/pull/wanted.c %D%/pull/wanted.h
if HAVE_CURL
krait_SOURCES += $(pull_sources)
else
krait_SOURCES += %D%/pull/without.c
endif
EXTRA_DIST += $(pull_sources) %D%/pull/without.c
krait_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tools $(LIBEDIT_CFLAGS) $(CURL_CFLAGS)
krait_CFLAGS = $(AM_CFLAGS)
krait_LDADD = libkrait.la $(LIBEDIT_LIBS) $(CURL_LIBS) $(JANSSON_LIBS) -lm
