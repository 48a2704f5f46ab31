# lib/text - chat templates
libkrait_core_la_SOURCES += \
	%D%/template.h \
	%D%/template_access.c \
	%D%/template_bind.c \
	%D%/template_call.c \
	%D%/template_case.c \
	%D%/template_code.h \
	%D%/template_compare.c \
	%D%/template_expression.c \
	%D%/template_filters.c \
	%D%/template_for.c \
	%D%/template_format.c \
	%D%/template_functions.c \
	%D%/template_infix.c \
	%D%/template_json.c \
	%D%/template_lex.c \
	%D%/template_lists.c \
	%D%/template_literal.c \
	%D%/template_loop.c \
	%D%/template_loop.h \
	%D%/template_macro.c \
	%D%/template_memory.c \
	%D%/template_methods.c \
	%D%/template_methods.h \
	%D%/template_operators.c \
	%D%/template_parse.c \
	%D%/template_parse.h \
	%D%/template_print.c \
	%D%/template_render.c \
	%D%/template_run.c \
	%D%/template_run.h \
	%D%/template_statements.c \
	%D%/template_tests.c \
	%D%/template_text.c \
	%D%/template_value.c \
	%D%/template_value.h
