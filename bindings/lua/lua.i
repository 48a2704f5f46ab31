/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lua.i - what the C types of krait.h are in Lua. The module made from this is krait.core: flat
 * functions on handles, for krait.lua alone.
 *
 * A handle is a userdata with the pointer in it, made before the call that fills it: whatever
 * happens, the collector frees it. So is all memory that a call needs: a Lua error that unwinds a
 * wrapper leaks nothing. A call that fails returns nil, its text and its status; a value of the wrong
 * type is a Lua error, as everywhere in Lua. Lua 5.1 to 5.4 and LuaJIT.
 */
%include "errors.i"

%{
#if LUA_VERSION_NUM < 502
#define lua_rawlen lua_objlen
#endif

/* The state that is calling the library on this thread: callbacks run on it. */
static _Thread_local lua_State *krait_i_state;

static void *krait_i_box(lua_State *L, const char *name)
{
	void **box = lua_newuserdata(L, sizeof(*box));

	*box = NULL;
	luaL_getmetatable(L, name);
	lua_setmetatable(L, -2);
	return box;
}

/* The box of a handle of this class; NULL: it is none. */
static void **krait_i_find_box(lua_State *L, int index, const char *name)
{
	void **box = lua_touserdata(L, index);
	int same;

	if (!box || !lua_getmetatable(L, index))
		return NULL;
	luaL_getmetatable(L, name);
	same = lua_rawequal(L, -1, -2);
	lua_pop(L, 2);
	return same ? box : NULL;
}

static void *krait_i_unbox(lua_State *L, int index, const char *name)
{
	void **box = krait_i_find_box(L, index, name);

	if (!box)
		luaL_error(L, "a %s is needed, not a %s", name + strlen("krait_"), luaL_typename(L, index));
	else if (!*box)
		luaL_error(L, "this %s was closed", name + strlen("krait_"));
	return *box;
}

static int krait_i_fail(lua_State *L, krait_status status, const char *text)
{
	lua_pushnil(L);
	lua_pushstring(L, krait_i_explain(status, text));
	lua_pushinteger(L, status);
	return 3;
}

/* What closes by hand: not in a callback, where the call that is going on needs its handles. */
static int krait_i_close(lua_State *L)
{
	if (krait_i_state)
		return luaL_error(L, "nothing can be closed in a callback");
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushvalue(L, 1);
	lua_call(L, 1, 0);
	return 0;
}

static int krait_i_is_open(lua_State *L)
{
	lua_pushboolean(L, lua_touserdata(L, 1) && *(void **)lua_touserdata(L, 1));
	return 1;
}

/* A metatable that is its handles' method table too; krait.lua fills it. */
static void krait_i_class(lua_State *L, const char *name, lua_CFunction collect)
{
	luaL_newmetatable(L, name);
	lua_pushvalue(L, -1);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, collect);
	lua_pushvalue(L, -1);
	lua_setfield(L, -3, "__gc");
	lua_pushcclosure(L, krait_i_close, 1);
	lua_pushvalue(L, -1);
	lua_setfield(L, -3, "__close");
	lua_setfield(L, -2, "close");
	lua_pushcfunction(L, krait_i_is_open);
	lua_setfield(L, -2, "is_open");
	lua_setfield(L, -2, name + strlen("krait_"));
}
%}

%define KRAIT_I_CLASS(class)
%{
static int krait_i_collect_##class(lua_State *L)
{
	krait_##class **box = luaL_checkudata(L, 1, "krait_" #class);

	krait_##class##_free(*box);
	*box = NULL;
	return 0;
}
%}
%ignore krait_##class##_free;
%typemap(in) krait_##class *, const krait_##class * %{ $1 = krait_i_unbox(L, $input, "krait_" #class); %}
%typemap(in, numinputs=0) krait_##class **out (int at) ""
%typemap(check) krait_##class **out %{
	$1 = krait_i_box(L, "krait_" #class);
	at$argnum = lua_gettop(L);
%}
%typemap(argout) krait_##class **out %{ lua_pushvalue(L, at$argnum); SWIG_arg++; %}
%init %{ krait_i_class(L, "krait_" #class, krait_i_collect_##class); %}
%enddef

/* core.classes: the metatable of each class by its name. */
%init %{ lua_newtable(L); %}
KRAIT_EACH_HANDLE(KRAIT_I_CLASS)
%init %{ lua_setfield(L, -2, "classes"); %}

/* References are what handles hold. */
%ignore krait_model_ref;
%ignore krait_model_tokenizer_ref;
%ignore krait_tokenizer_ref;
%typemap(out) const krait_tokenizer *krait_model_tokenizer %{
	if ($1) {
		krait_tokenizer **box = krait_i_box(L, "krait_tokenizer");
		*box = krait_tokenizer_ref($1);
	} else {
		lua_pushnil(L);
	}
	SWIG_arg++;
%}

/* NULL where the header allows it. */
%typemap(in) const krait_options *options %{
	$1 = lua_isnil(L, $input) ? NULL : krait_i_unbox(L, $input, "krait_options");
%}
%typemap(in) krait_model *model %{
	$1 = lua_isnil(L, $input) && strcmp("$symname", "chat_new") == 0 ? NULL : krait_i_unbox(L, $input, "krait_model");
%}

/* ---- statuses ------------------------------------------------------------------------ */

%typemap(out) krait_status %{
	if ($1 != KRAIT_OK)
		return krait_i_fail(L, $1, KRAIT_I_TEXT(arg1));
%}
%typemap(out) krait_status krait_session_fork, krait_status krait_session_snapshot %{
	if ($1 != KRAIT_OK)
		return krait_i_fail(L, $1, krait_session_error(arg2));
%}
/* Those whose other outcomes are values. */
%typemap(out) krait_status krait_session_next, krait_status krait_session_generate, krait_status krait_batch_status %{
	if ($1 < 0)
		return krait_i_fail(L, $1, KRAIT_I_TEXT(arg1));
	lua_pushinteger(L, $1);
	SWIG_arg++;
%}
/* true where there is nothing else to return. */
%typemap(ret) krait_status %{
	if (SWIG_arg == 0) {
		lua_pushboolean(L, 1);
		SWIG_arg++;
	}
%}

/* ---- callbacks ----------------------------------------------------------------------- */

%{
static char krait_i_error_key;                  /* the registry has under it what a callback raised */

#define KRAIT_I_BEGIN { lua_State *krait_i_before = krait_i_state; krait_i_state = L;
#define KRAIT_I_END krait_i_state = krait_i_before; } krait_i_raise_again(L);

/* A Lua error must not unwind the library: it is kept, and raised when the library has returned. */
static void krait_i_raise_again(lua_State *L)
{
	lua_pushlightuserdata(L, &krait_i_error_key);
	lua_rawget(L, LUA_REGISTRYINDEX);
	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		return;
	}
	lua_pushlightuserdata(L, &krait_i_error_key);
	lua_pushnil(L);
	lua_rawset(L, LUA_REGISTRYINDEX);
	lua_error(L);
}

/* Calls the function that krait.lua keeps; true when its result is. An error counts as true. */
static int krait_i_call(lua_State *L, void *key, int n)
{
	int stop = 1;

	lua_pushlightuserdata(L, key);
	lua_rawget(L, LUA_REGISTRYINDEX);
	lua_insert(L, -n - 1);
	if (lua_pcall(L, n, 1, 0) == 0) {
		stop = lua_toboolean(L, -1);
		lua_pop(L, 1);
	} else {
		lua_pushlightuserdata(L, &krait_i_error_key);
		lua_insert(L, -2);
		lua_rawset(L, LUA_REGISTRYINDEX);
	}
	return stop;
}

static int krait_i_progress(void *user, uint64_t done, uint64_t total)
{
	lua_State *L = krait_i_state;

	if (!L || !lua_checkstack(L, 8))
		return 1;
	lua_pushinteger(L, (lua_Integer)done);
	lua_pushinteger(L, (lua_Integer)total);
	return krait_i_call(L, user, 2);
}

/* Lines from other threads have no Lua to go to. */
static void krait_i_log(void *user, int level, const char *text)
{
	lua_State *L = krait_i_state;

	if (!L || !lua_checkstack(L, 8))
		return;
	lua_pushinteger(L, level);
	lua_pushstring(L, text);
	krait_i_call(L, user, 2);
}

static int krait_i_forget(lua_State *L)
{
	lua_pushlightuserdata(L, lua_touserdata(L, 1));
	lua_pushnil(L);
	lua_rawset(L, LUA_REGISTRYINDEX);
	return 0;
}

/* The registry has the function under the address of a userdata, which is returned too: while it
 * lives, the function does. */
static void *krait_i_keep(lua_State *L, int index)
{
	void *key = lua_newuserdata(L, 1);

	if (luaL_newmetatable(L, "krait_callback")) {
		lua_pushcfunction(L, krait_i_forget);
		lua_setfield(L, -2, "__gc");
	}
	lua_setmetatable(L, -2);
	lua_pushlightuserdata(L, key);
	lua_pushvalue(L, index);
	lua_rawset(L, LUA_REGISTRYINDEX);
	return key;
}
%}
%typemap(in, checkfn="lua_isfunction") (krait_progress_fn fn, void *user) (int at) %{
	$1 = krait_i_progress;
	$2 = krait_i_keep(L, $input);
	at = lua_gettop(L);
%}
%typemap(in, checkfn="lua_isfunction") (krait_log_fn fn, void *user) (int at) %{
	$1 = krait_i_log;
	$2 = krait_i_keep(L, $input);
	at = lua_gettop(L);
%}
%typemap(argout) (krait_progress_fn fn, void *user), (krait_log_fn fn, void *user) %{
	lua_pushvalue(L, at$argnum);
	SWIG_arg++;
%}

%{
static void *krait_i_grow(lua_State *L, void *out, size_t *room, size_t size, size_t each)
{
	(void)out;
	*room = size;
	return lua_newuserdata(L, size * each);
}
%}
%exception {
	KRAIT_I_BEGIN
	$action
	KRAIT_I_END
}
%define KRAIT_I_GROWING(function, out, n_out, size, type)
%exception function {
	KRAIT_I_BEGIN
	$action
	if (result == KRAIT_ERROR_SPACE) {
		out = krait_i_grow(L, out, &n_out, *size, sizeof(type));
		$action
	}
	KRAIT_I_END
}
%enddef
KRAIT_EACH_GROWING(KRAIT_I_GROWING)

/* ---- numbers and text ---------------------------------------------------------------- */

%{
static size_t krait_i_size(lua_State *L, int index)
{
	lua_Integer size = luaL_checkinteger(L, index);

	luaL_argcheck(L, size >= 0, index, "it cannot be negative");
	return (size_t)size;
}

static krait_token krait_i_token(lua_State *L, int index)
{
	lua_Integer token = luaL_checkinteger(L, index);

	luaL_argcheck(L, token == (krait_token)token, index, "no int32");
	return (krait_token)token;
}
%}
%typemap(in) int, krait_status, krait_token %{ $1 = krait_i_token(L, $input); %}
%typemap(in) int64_t %{ $1 = luaL_checkinteger(L, $input); %}
%typemap(in) uint64_t, size_t %{ $1 = krait_i_size(L, $input); %}
%typemap(in) float, double %{ $1 = ($1_type)luaL_checknumber(L, $input); %}
%typemap(out) int, krait_token, size_t, uint64_t %{ lua_pushinteger(L, (lua_Integer)$1); SWIG_arg++; %}
%typemap(in) (const char *text, size_t n_text), (const char *json, size_t n_json), (const void *data, size_t n_data) %{
	$1 = (char *)luaL_checklstring(L, $input, &$2);
%}
%{
static const char *krait_i_text(lua_State *L, int index)
{
	size_t n;
	const char *text = luaL_checklstring(L, index, &n);

	luaL_argcheck(L, strlen(text) == n, index, "a zero character cannot stand here");
	return text;
}
%}
%typemap(in) const char * %{ $1 = (char *)krait_i_text(L, $input); %}
%typemap(freearg) const char * ""
%typemap(out) const char * %{ lua_pushstring(L, $1); SWIG_arg++; %}
%typemap(out) const char *krait_session_piece %{ lua_pushlstring(L, $1, krait_session_piece_size(arg1)); SWIG_arg++; %}
%typemap(out) const char *krait_decoder_piece %{ lua_pushlstring(L, $1, krait_decoder_piece_size(arg1)); SWIG_arg++; %}

/* ---- arrays: tables ------------------------------------------------------------------- */

%{
static size_t krait_i_length(lua_State *L, int index)
{
	luaL_checktype(L, index, LUA_TTABLE);
	return lua_rawlen(L, index);
}

static krait_token *krait_i_tokens(lua_State *L, int index, size_t *n)
{
	krait_token *tokens;

	*n = krait_i_length(L, index);
	tokens = lua_newuserdata(L, (*n ? *n : 1) * sizeof(*tokens));
	for (size_t i = 0; i < *n; i++) {
		lua_rawgeti(L, index, (int)i + 1);
		if (!lua_isnumber(L, -1) || lua_tointeger(L, -1) != (krait_token)lua_tointeger(L, -1))
			luaL_error(L, "tokens[%d] is no int32", (int)i + 1);
		tokens[i] = (krait_token)lua_tointeger(L, -1);
		lua_pop(L, 1);
	}
	return tokens;
}

static size_t *krait_i_sizes(lua_State *L, int index, size_t *n)
{
	size_t *sizes;

	*n = krait_i_length(L, index);
	sizes = lua_newuserdata(L, (*n ? *n : 1) * sizeof(*sizes));
	for (size_t i = 0; i < *n; i++) {
		lua_rawgeti(L, index, (int)i + 1);
		if (!lua_isnumber(L, -1) || lua_tointeger(L, -1) < 0)
			luaL_error(L, "element %d is no size", (int)i + 1);
		sizes[i] = (size_t)lua_tointeger(L, -1);
		lua_pop(L, 1);
	}
	return sizes;
}

static void krait_i_fill(lua_State *L, int index, float *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		lua_rawgeti(L, index, (int)i + 1);
		if (!lua_isnumber(L, -1))
			luaL_error(L, "element %d is no number", (int)i + 1);
		out[i] = (float)lua_tonumber(L, -1);
		lua_pop(L, 1);
	}
}

static float *krait_i_floats(lua_State *L, int index, size_t *n)
{
	float *out;

	*n = krait_i_length(L, index);
	out = lua_newuserdata(L, (*n ? *n : 1) * sizeof(*out));
	krait_i_fill(L, index, out, *n);
	return out;
}

/* A table of rows, all as long as the first. */
static float *krait_i_rows(lua_State *L, int index, size_t *n, size_t *width)
{
	float *out;

	*n = krait_i_length(L, index);
	lua_rawgeti(L, index, 1);
	*width = *n ? krait_i_length(L, lua_gettop(L)) : 0;
	out = lua_newuserdata(L, (*n * *width + 1) * sizeof(*out));
	for (size_t i = 0; i < *n; i++) {
		lua_rawgeti(L, index, (int)i + 1);
		if (krait_i_length(L, lua_gettop(L)) != *width)
			luaL_error(L, "row %d is not as long as the first", (int)i + 1);
		krait_i_fill(L, lua_gettop(L), out + i * *width, *width);
		lua_pop(L, 1);
	}
	return out;
}

static void *krait_i_room(lua_State *L, int index, size_t each, size_t *n)
{
	size_t most = (size_t)-1 / each;

	*n = krait_i_size(L, index);
	luaL_argcheck(L, *n < most, index, "more than memory can hold");
	return memset(lua_newuserdata(L, (*n ? *n : 1) * each), 0, *n * each);
}
%}
%typemap(in) (const krait_token *tokens, size_t n_tokens), (const krait_token *history, size_t n_history) %{
	$1 = krait_i_tokens(L, $input, &$2);
%}
%typemap(in) (const size_t *lengths, size_t n_texts) %{ $1 = krait_i_sizes(L, $input, &$2); %}
%typemap(in) (const float *logits, size_t n_logits) %{ $1 = krait_i_floats(L, $input, &$2); %}
%typemap(in) (const float *embeddings, size_t n_positions, size_t width) %{
	$1 = krait_i_rows(L, $input, &$2, &$3);
%}

/* ---- outputs: the argument says how many elements to make room for ------------------------ */

%typemap(in) (float *out, size_t n_out) %{ $1 = krait_i_room(L, $input, sizeof(*$1), &$2); %}
%typemap(argout) (float *out, size_t n_out) %{
	lua_createtable(L, (int)$2, 0);
	for (size_t i = 0; i < $2; i++) {
		lua_pushnumber(L, $1[i]);
		lua_rawseti(L, -2, (int)i + 1);
	}
	SWIG_arg++;
%}
%typemap(in) (void *out, size_t n_out) %{ $1 = krait_i_room(L, $input, 1, &$2); %}
%typemap(argout) (void *out, size_t n_out) %{ lua_pushlstring(L, $1, $2); SWIG_arg++; %}

/* These grow. */
%typemap(in) (krait_token *out, size_t n_out, size_t *n_tokens) (size_t size) %{
	$1 = krait_i_room(L, $input, sizeof(*$1), &$2);
	$3 = &size;
%}
%typemap(argout) (krait_token *out, size_t n_out, size_t *n_tokens) %{
	lua_createtable(L, (int)*$3, 0);
	for (size_t i = 0; i < *$3; i++) {
		lua_pushinteger(L, $1[i]);
		lua_rawseti(L, -2, (int)i + 1);
	}
	SWIG_arg++;
%}
%typemap(in) (char *out, size_t n_out, size_t *n_text) (size_t size), (void *out, size_t n_out, size_t *n_note) (size_t size) %{
	$1 = krait_i_room(L, $input, 1, &$2);
	$3 = &size;
%}
%typemap(argout) (char *out, size_t n_out, size_t *n_text), (void *out, size_t n_out, size_t *n_note) %{
	lua_pushlstring(L, (char *)$1, *$3);
	SWIG_arg++;
%}

/* Of these there may be fewer. */
%typemap(in) (krait_token *out, size_t n_out) %{ $1 = krait_i_room(L, $input, sizeof(*$1), &$2); %}
%typemap(argout) (krait_token *out, size_t n_out) %{
	lua_createtable(L, (int)$2, 0);
	for (size_t i = 0; i < $2 && i < result; i++) {
		lua_pushinteger(L, $1[i]);
		lua_rawseti(L, -2, (int)i + 1);
	}
	SWIG_arg++;
%}
%typemap(in) (krait_token *tokens, float *logprobs, size_t n_out, size_t *n) (size_t size) %{
	$1 = krait_i_room(L, $input, sizeof(*$1), &$3);
	$2 = krait_i_room(L, $input, sizeof(*$2), &$3);
	size = 0;
	$4 = &size;
%}
%typemap(argout) (krait_token *tokens, float *logprobs, size_t n_out, size_t *n) %{
	lua_createtable(L, (int)*$4, 0);
	for (size_t i = 0; i < *$4; i++) {
		lua_createtable(L, 0, 2);
		lua_pushinteger(L, $1[i]);
		lua_setfield(L, -2, "token");
		lua_pushnumber(L, $2[i]);
		lua_setfield(L, -2, "logprob");
		lua_rawseti(L, -2, (int)i + 1);
	}
	SWIG_arg++;
%}

/* What is kept until a run: a userdata, from which krait.core.numbers makes a table afterwards. */
%typemap(in) (float *scores, size_t n_scores) (int at) %{
	$1 = krait_i_room(L, $input, sizeof(*$1), &$2);
	at = lua_gettop(L);
%}
%typemap(argout) (float *scores, size_t n_scores) %{ lua_pushvalue(L, at$argnum); SWIG_arg++; %}
%ignore krait_batch_add_score;
%rename(batch_add_score) krait_i_add_score;
%native(numbers) int krait_i_numbers(lua_State *L);
%{
/* numbers(userdata, n): the first n of its floats, as a table. */
static int krait_i_numbers(lua_State *L)
{
	const float *from = lua_touserdata(L, 1);
	int n = (int)luaL_checkinteger(L, 2);

	lua_createtable(L, n, 0);
	for (int i = 0; i < n; i++) {
		lua_pushnumber(L, from[i]);
		lua_rawseti(L, -2, i + 1);
	}
	return 1;
}
%}
%inline %{
static krait_status krait_i_add_score(krait_batch *batch, krait_session *session, const krait_token *tokens, size_t n_tokens,
	float *scores, size_t n_scores)
{
	return krait_batch_add_score(batch, session, tokens, n_tokens, scores, n_scores);
}
%}

%typemap(in, numinputs=0) krait_token *out (krait_token number), int64_t *out (int64_t number), double *out (double number),
	float *out (float number), double *low (double number), double *high (double number), size_t *n_reused (size_t number) %{
	number = 0;
	$1 = &number;
%}
%typemap(argout) krait_token *out, int64_t *out, size_t *n_reused %{
	lua_pushinteger(L, (lua_Integer)number$argnum);
	SWIG_arg++;
%}
%typemap(argout) double *out, float *out, double *low, double *high %{ lua_pushnumber(L, number$argnum); SWIG_arg++; %}
