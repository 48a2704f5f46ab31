libkrait_core_la_SOURCES += \
	%D%/companion_file.c %D%/companion_file.h %D%/companions.c %D%/companions.h %D%/configuration.c \
	%D%/configuration.h %D%/config_fields.c %D%/config_hybrid.c %D%/config_original.c %D%/families.c \
	%D%/family.h %D%/family_bamba.c %D%/family_falcon_h1.c %D%/family_granite.c %D%/family_jamba.c \
	%D%/family_mamba1.c %D%/family_mamba2.c %D%/family_mamba3.c %D%/family_nemotron.c %D%/engines.c \
	%D%/engines.h %D%/fingerprint.c %D%/generation.c %D%/generation.h %D%/generation_rest.c \
	%D%/generation_rest.h %D%/hub_cache.c %D%/hub_cache.h %D%/installed.c %D%/installed.h %D%/installed_list.c \
	%D%/layers.c %D%/layers.h %D%/layer_sizes.c %D%/model.h %D%/open.c %D%/open.h %D%/plan.c %D%/plan.h \
	%D%/published.c %D%/published.h %D%/random.c %D%/random.h %D%/random_fill.c %D%/shapes.c %D%/shapes.h \
	%D%/special_tokens.c %D%/special_tokens.h %D%/weights.c %D%/weights.h
