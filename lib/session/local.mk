# lib/session - sequences: sessions, states, batches, sampling
libkrait_core_la_SOURCES += \
	%D%/batch.c %D%/batch.h %D%/counts.c %D%/counts.h %D%/course.c %D%/course.h %D%/draw.c %D%/feed.c %D%/generate.c \
	%D%/history.c %D%/history.h %D%/output.c %D%/output.h %D%/philox.c %D%/philox.h %D%/rewind.c \
	%D%/sampler.h %D%/sampling.c %D%/sampling.h %D%/settings.c %D%/settings.h %D%/session.c %D%/session.h \
	%D%/state.h %D%/state_decode.c %D%/state_encode.c %D%/step.c
