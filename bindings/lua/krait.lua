-- SPDX-License-Identifier: Apache-2.0
-- krait - run Mamba language models. The page is docs/lua.md.
--
--     local krait = require "krait"
--     local model = assert(krait.open("demo"))
--     local session = assert(model:session { temperature = 0.7, seed = 5 })
--     assert(session:feed("Once upon a time"))
--     for piece in session:generate(200) do io.write(piece) end
--
-- What fails returns nil, a text and the status; a wrong type is a Lua error. Handles close with
-- close(), at the end of a `local x <close>`, or when they are collected. Lua 5.1 to 5.4, LuaJIT.
local core = require "krait.core"
local classes = core.classes
local krait = {}

-- The constants without their prefix, krait.END; the functions on no handle; and as methods of its
-- class every function krait_<class>_<verb>. What is below adds to that or goes over it.
for name, value in pairs(core) do
	local class, verb = name:match("^(%l+)_(.+)$")
	if type(value) == "number" then
		krait[name] = value
	elseif class and classes[class] then
		classes[class][verb] = value
	end
end
krait.constant, krait.status_name, krait.version = core.constant, core.status_name, core.version

local model, session, state, sampler = classes.model, classes.session, classes.state, classes.sampler
local batch, tokenizer, decoder, chat = classes.batch, classes.tokenizer, classes.decoder, classes.chat

-- An error that is raised here is the caller's: it says where in the caller's own program. In Lua 5.1 a
-- tail call leaves a level of its own.
local own = select(2, pcall(function() error("") end)):match("^(.*):%d+: $")
local caller = _VERSION == "Lua 5.1" and not rawget(_G, "jit") and 3 or 2

local function finish(ok, first, ...)
	if ok then return first, ... end
	if type(first) ~= "string" then error(first, 0) end
	if own and first:sub(1, #own + 1) == own .. ":" then first = first:sub(#own + 1):gsub("^:%d+: ", "", 1) end
	error(first, first:find("^[^\n]-:%d+: ") and 0 or caller)
end

local function guarded(f)
	return function(...) return finish(pcall(f, ...)) end
end

-- What must live as long as a handle does: the callbacks that its calls may call, a session's sizes, the
-- sessions of a batch.
local kept = setmetatable({}, { __mode = "k" })

-- The collector sees a few bytes where the library has many: it is told, so that it comes in time.
-- Returns what it is given after the bytes.
local function weighed(bytes, made, ...)
	if made then collectgarbage("step", math.floor(bytes / 1024)) end
	return made, ...
end

-- ---- options and settings --------------------------------------------------------------

local function set_option(options, name, value)
	local number = core["OPTION_" .. name:upper()]
	if not number then
		error("krait.open: there is no option '" .. tostring(name) .. "'")
	elseif type(value) == "string" then
		return core.options_set_text(options, number, value)
	elseif type(value) == "boolean" then
		value = value and 1 or 0
	elseif type(value) ~= "number" then
		error("krait.open: " .. name .. " cannot be a " .. type(value))
	end
	return core.options_set_int(options, number, value)
end

-- Opens a folder, a weight file or an installed model by its name. Options are those of krait.h in small
-- letters (threads, device, weights, ...); progress = function(done, total) stops by returning true;
-- log = function(level, text).
function krait.open(path, options)
	local handle, text, status = core.options_new()
	local callbacks = {}
	if not handle then return nil, text, status end
	for name, value in pairs(options or {}) do
		if name == "progress" then
			callbacks.progress = core.options_set_progress(handle, value)
		elseif name == "log" then
			callbacks.log = core.options_set_log(handle, value)
		else
			local ok, why, number = set_option(handle, name, value)
			if not ok then return nil, why, number end
		end
	end
	local made, why, number = core.model_open(path or "demo", handle)
	if not made then return nil, why, number end
	kept[made] = callbacks
	return weighed(made:memory(0), made)
end

local kinds = {
	temperature = "float", top_p = "float", min_p = "float", typical_p = "float",
	repetition_penalty = "float", presence_penalty = "float", frequency_penalty = "float",
	top_k = "int", seed = "int", max_new_tokens = "int", keep_positions = "int", rewind_tokens = "int",
}

local function setting(name)
	if not kinds[name] then error("there is no setting '" .. tostring(name) .. "'") end
	local number = core["SAMPLE_" .. name:upper()] or core[name:upper()]
	return number, kinds[name]
end

-- set { temperature = 0, seed = 7 }: several settings; true, or nil and why.
local function setter(class)
	return function(self, settings)
		for name, value in pairs(settings or {}) do
			local number, kind = setting(name)
			if type(value) ~= "number" then error(name .. " takes a number, not a " .. type(value)) end
			local ok, text, status = class["set_" .. kind](self, number, value)
			if not ok then return nil, text, status end
		end
		return true
	end
end
session.set, sampler.set = setter(session), setter(sampler)

function session:get(name)
	local number, kind = setting(name)
	return session["get_" .. kind](self, number)
end

-- The lowest and the highest value of a setting or option that takes a number.
function krait.bounds(name)
	local upper = tostring(name):upper()
	for _, prefix in ipairs { "SAMPLE_", "OPTION_", "BATCH_", "" } do
		local number = core[prefix .. upper]
		if type(number) == "number" and number >= core.OPTION_DEVICE then return core.setting_bounds(number) end
	end
	error("there is no setting or option '" .. tostring(name) .. "'")
end

-- ---- models and states -----------------------------------------------------------------

-- A handle with its settings, or nil and why.
local function set_up(handle, text, status, settings)
	if not handle then return nil, text, status end
	local ok, why, number = handle:set(settings)
	if not ok then return nil, why, number end
	return handle
end

function model:session(settings)
	local made, text, status = core.session_new(self)
	if made then
		kept[made] = { callbacks = kept[self], vocab_size = core.model_vocab_size(self), width = core.model_width(self),
			bytes = core.model_memory(self, 1) - core.model_memory(self, 0) }
		weighed(kept[made].bytes, made)
		if not math.type then -- numbers have 53 bits: a seed that was drawn is to be told, and told back, as it is
			core.session_set_int(made, core.SAMPLE_SEED, core.session_get_int(made, core.SAMPLE_SEED) % 2 ^ 53)
		end
	end
	return set_up(made, text, status, settings)
end

function model:tokenizer() return core.model_tokenizer(self) end
function model:sampler() return core.sampler_of_model(self) end
function model:stops()
	local _, stops = core.model_stops(self, (core.model_stops(self, 0)))
	return stops
end
function model:chat() return core.chat_new(self) end
function model:batch() return core.batch_new(self) end

-- A state from a file, or from what state:bytes() gave.
function model:load(path) return weighed(core.model_state_size(self), core.state_load(self, path)) end
function model:read(data) return weighed(core.model_state_size(self), core.state_read(self, data)) end

function model:memory(n_sessions) return core.model_memory(self, n_sessions or 1) end

function state:bytes() return core.state_write(self, core.state_size(self)) end
function state:note() return core.state_note(self, 4096) end

-- ---- sessions --------------------------------------------------------------------------

local function flags(how)
	how = how or {}
	return (how.parse_special and core.PARSE_SPECIAL or 0) + (how.add_special and core.ADD_SPECIAL or 0) +
		(how.skip_special and core.SKIP_SPECIAL or 0)
end

-- Reads text or a table of tokens. how.add_special is true at position 0 if nothing is said.
function session:feed(what, how)
	if type(what) ~= "string" then return core.session_feed(self, what) end
	local add = how and how.add_special
	if add == nil then add = self:position() == 0 end
	return core.session_feed_utf8(self, what, flags { parse_special = how and how.parse_special, add_special = add })
end

-- Numbers of the last position; with keep_positions set, rows of them, one for each position kept.
local function rows(ask, size)
	return function(self)
		local n, keep = kept[self][size], self:get("keep_positions")
		local n_rows = keep > 0 and math.max(1, core.session_rows(self)) or 1
		local all, text, status = ask(self, n * n_rows)
		if not all or keep == 0 then return all, text, status end
		local out = {}
		for row = 1, n_rows do
			out[row] = {}
			for i = 1, n do out[row][i] = all[(row - 1) * n + i] end
		end
		return out
	end
end
session.logits, session.hidden = rows(core.session_logits, "vocab_size"), rows(core.session_hidden, "width")

-- Feeds tokens; ln p of each, after all before it.
function session:score(tokens) return core.session_score(self, tokens, #tokens) end

-- The likeliest tokens at the last position, best first: a list of { token =, logprob = }.
function session:top(n) return core.session_top(self, n or 10) end

-- ln p of the token that was sampled last, from the raw logits, or from what it was drawn from; nil: none.
local function number(call)
	return function(self)
		local value = call(self)
		if value == value then return value end
	end
end
session.drawn_logprob, session.drawn_chance = number(core.session_drawn_logprob), number(core.session_drawn_chance)

-- The text that is held back, for who stops asking before an end.
function session:flush()
	local ok, text, status = core.session_flush(self)
	if not ok then return nil, text, status end
	return core.session_piece(self)
end

-- Becomes as another session of this model is.
function session:copy_from(other)
	if self == other then return true end
	return core.session_copy(self, other)
end

-- One token, sampled and fed; false at an end, whose kind end_reason() says.
function session:next()
	local status, token, number = core.session_next(self)
	if status == core.OK then return token end
	if status == core.END then return false end
	if status == core.CANCELLED then return nil, "cancelled", status end
	return nil, token, number
end

-- The text that follows, in pieces of whole characters. As io.lines does, it raises what fails.
function session:generate(most)
	local ended = false
	return guarded(function()
		while not ended and (not most or most > 0) do
			local token, text = self:next()
			if token == nil then error(text) end
			ended = token == false
			most = most and most - 1
			local piece = self:piece()
			if piece ~= "" then return piece end
		end
	end)
end

-- Up to n tokens in one call; piece() has all of their text.
function session:tokens(n)
	local status, tokens, number = core.session_generate(self, n)
	if not status then return nil, tokens, number end
	if status == core.CANCELLED then return nil, "cancelled", status, tokens end
	return tokens
end

function session:fork()
	local made, text, status = core.session_fork(self)
	if not made then return nil, text, status end
	kept[made] = kept[self]
	return weighed(kept[self].bytes, made)
end

function session:snapshot() return weighed(kept[self].bytes, core.session_snapshot(self)) end

function session:add_stop(stop)
	if type(stop) == "string" then return core.session_add_stop_text(self, stop) end
	return core.session_add_stop(self, stop)
end

-- ---- samplers and batches ----------------------------------------------------------------

function krait.sampler(settings)
	local made, text, status = core.sampler_new()
	return set_up(made, text, status, settings)
end

function sampler:probs(logits, history) return core.sampler_probs(self, logits, history or {}, #logits) end
function sampler:pick(logits, history, draw) return core.sampler_pick(self, logits, history or {}, draw or 0) end

-- batch:set { prompt_tokens = 256, keep_logits = 1 }: the most that are read in a run; the logits of all entries.
function batch:set(settings)
	for name, value in pairs(settings or {}) do
		local number = core["BATCH_" .. tostring(name):upper()]
		if not number then error("there is no setting '" .. tostring(name) .. "'") end
		local ok, text, status = core.batch_set_int(self, number, value)
		if not ok then return nil, text, status end
	end
	return true
end

-- What a batch knows of its entries: { session =, scores =, n = }. What is left of a run comes first in the next.
local function entered(self, entry, ok, text, status)
	if not ok then return nil, text, status end
	local before = kept[self] or { entries = {} }
	if before.ran then
		local left = {}
		for i, old in ipairs(before.entries) do
			if before.left[i] > 0 then table.insert(left, old) end
		end
		before = { entries = left }
	end
	kept[self] = before
	table.insert(before.entries, entry)
	return true
end

-- A session, and the tokens that it is to read; without any it samples one.
function batch:add(member, tokens) return entered(self, { session = member }, core.batch_add(self, member, tokens or {})) end

-- A session, and tokens that it is to read and score: the run's result has them as `scores`.
function batch:add_score(member, tokens)
	local scores, text, status = core.batch_add_score(self, member, tokens, #tokens)
	return entered(self, { session = member, scores = scores, n = #tokens }, scores, text, status)
end

-- The logits of an entry of the last run, counted from 1, behind what it read.
function batch:logits(i)
	local entry = kept[self] and kept[self].entries[i]
	if not entry then error("there is no entry " .. tostring(i)) end
	if not entry.session:is_open() then error("session " .. i .. " of the batch was closed") end
	return core.batch_logits(self, i - 1, kept[entry.session].vocab_size)
end

-- Advances all of them: a list of { status =, token =, scores =, left = }, token -1 where none was sampled.
function batch:run()
	local known = kept[self] or { entries = {} }
	for i, entry in ipairs(known.entries) do
		if not entry.session:is_open() then error("session " .. i .. " of the batch was closed") end
	end
	local ok, text, status = core.batch_run(self)
	if not ok then return nil, text, status end
	local out, left = {}, {}
	for i = 1, core.batch_size(self) do
		local entry = known.entries[i]
		out[i] = { status = core.batch_status(self, i - 1), token = core.batch_token(self, i - 1),
			left = core.batch_left(self, i - 1), scores = entry.scores and core.numbers(entry.scores, entry.n) }
		left[i] = out[i].left
	end
	known.ran, known.left = true, left
	return out
end

function batch:clear()
	kept[self] = nil
	core.batch_clear(self)
end
function batch:__len() return core.batch_size(self) end

-- A vector for each of a list of texts, each of them a string or a table of tokens. how.pooling is "last", which is the
-- default, or "mean"; how.normalise divides each vector by its length.
function model:embed(texts, how)
	local pooling = ({ last = core.POOL_LAST, mean = core.POOL_MEAN })[how and how.pooling or "last"]
	if not pooling then error("pooling is 'last' or 'mean'") end
	local tokenizer, width, tokens, lengths, out = self:tokenizer(), core.model_width(self), {}, {}, {}
	for i, text in ipairs(texts) do
		if type(text) == "string" then
			if not tokenizer then return nil, "this model came without a tokenizer: give tokens", core.ERROR_UNSUPPORTED end
			text = tokenizer:encode(text, { add_special = true })
		end
		lengths[i] = #text
		for k = 1, #text do tokens[#tokens + 1] = text[k] end
	end
	local many, why, status = core.batch_new(self)
	if not many then return nil, why, status end
	local all, problem, answer = core.batch_embed(many, tokens, lengths, pooling + (how and how.normalise and core.POOL_NORMALISE or 0),
		width * #lengths)
	if not all then return nil, problem, answer end
	for i = 1, #lengths do
		out[i] = {}
		for k = 1, width do out[i][k] = all[(i - 1) * width + k] end
	end
	return out
end

-- ---- text --------------------------------------------------------------------------------

krait.tokenizer = core.tokenizer_open
function tokenizer:__len() return core.tokenizer_size(self) end

function tokenizer:encode(text, how)
	return core.tokenizer_encode(self, text, flags(how), math.floor(#text / 2) + 16)
end

function tokenizer:decode(tokens, how) return core.tokenizer_decode(self, tokens, flags(how), 4096) end

-- The token whose text this is, or nil.
function tokenizer:find(text)
	local token = core.tokenizer_find(self, text)
	return token >= 0 and token or nil
end

function tokenizer:is_special(token) return core.tokenizer_is_special(self, token) ~= 0 end
function tokenizer:decoder() return core.decoder_new(self) end

local function piece_after(call)
	return function(...)
		local ok, text, status = call(...)
		if not ok then return nil, text, status end
		return core.decoder_piece((...))
	end
end
decoder.push, decoder.flush = piece_after(core.decoder_push), piece_after(core.decoder_flush)

-- A chat without a model: templates only.
function krait.chat() return core.chat_new(nil) end

local function prompted(generation_prompt) return generation_prompt == false and 0 or 1 end
function chat:render(generation_prompt) return core.chat_render(self, prompted(generation_prompt), 4096) end
function chat:encode(generation_prompt) return core.chat_encode(self, prompted(generation_prompt), 1024) end

-- The tokens that a feed would read now.
function chat:pending(session) return core.chat_pending(self, session, 1024) end

-- ---- devices -----------------------------------------------------------------------------

-- A list of { name, about, memory, memory_free }, bytes.
function krait.devices()
	local handle, text, status = core.devices_open()
	if not handle then return nil, text, status end
	local out = {}
	for i = 0, core.devices_count(handle) - 1 do
		out[i + 1] = {
			name = core.devices_name(handle, i), about = core.devices_about(handle, i),
			memory = core.devices_memory(handle, i), memory_free = core.devices_memory_free(handle, i),
		}
	end
	return out
end

-- ---- installed models --------------------------------------------------------------------

-- A list of { name, path, about, size, whole }, bytes.
function krait.installed()
	local handle, text, status = core.installed_open()
	if not handle then return nil, text, status end
	local out = {}
	for i = 0, core.installed_count(handle) - 1 do
		out[i + 1] = {
			name = core.installed_name(handle, i), path = core.installed_path(handle, i), about = core.installed_about(handle, i),
			size = core.installed_size(handle, i), whole = core.installed_whole(handle, i) ~= 0,
		}
	end
	return out
end

-- ---- what handles say of themselves --------------------------------------------------------

local abouts = {
	model = function(self)
		return (": %s, %.0f parameters, on %s"):format(self:family(), self:n_parameters(), self:device())
	end,
	session = function(self) return (" at position %.0f"):format(self:position()) end,
	state = function(self) return (" at position %.0f, %.0f bytes"):format(self:position(), self:size()) end,
	batch = function(self) return (" of %.0f sessions"):format(core.batch_size(self)) end,
	tokenizer = function(self) return (" of %.0f tokens"):format(core.tokenizer_size(self)) end,
}

local unguarded = { close = true, is_open = true, __gc = true, __close = true, __index = true }
for name, class in pairs(classes) do
	for verb, f in pairs(class) do
		if not unguarded[verb] and type(f) == "function" and f ~= core[name .. "_" .. verb] then class[verb] = guarded(f) end
	end
	function class:__tostring()
		if not self:is_open() then return "krait " .. name .. ", closed" end
		return "krait " .. name .. (abouts[name] and abouts[name](self) or "")
	end
end
for name, f in pairs(krait) do
	if type(f) == "function" and f ~= core[name] then krait[name] = guarded(f) end
end

return krait
