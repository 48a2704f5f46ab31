# lib/session - sequences: sessions, states, batches, sampling
libkrait_core_la_SOURCES += \
	%D%/batch.c %D%/batch.h %D%/counts.c %D%/counts.h %D%/course.c %D%/course.h %D%/digest.c %D%/digest.h \
	%D%/advance.c %D%/advance.h %D%/back.c %D%/back.h %D%/choose.c %D%/draw.c %D%/read.c %D%/work.h \
	%D%/history.c %D%/history.h %D%/keep.c %D%/keep.h %D%/moment.c %D%/moment.h %D%/output.c %D%/output.h \
	%D%/philox.c %D%/philox.h %D%/rules.c %D%/rules.h %D%/sampler.h %D%/sampling.c %D%/sampling.h \
	%D%/settings.c %D%/settings.h %D%/session.c %D%/session.h %D%/stops.c %D%/stops.h \
	%D%/state.h %D%/state_decode.c %D%/state_encode.c %D%/state_sections.c %D%/state_size.c %D%/state_source.h
