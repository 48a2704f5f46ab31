-- SPDX-License-Identifier: Apache-2.0
-- suite.lua - what the Lua binding does, against the answers.
local krait, kit = require "krait", require "kit"
local test, same, fails, raises = kit.test, kit.same, kit.fails, kit.raises

local function open(options) return assert(krait.open(kit.tiny, options)) end
local function session(settings, text)
	local made = assert(kit.demo:session(settings))
	if text then assert(made:feed(text)) end
	return made
end
local function told(from, n)
	local out = {}
	for piece in from:generate(n) do table.insert(out, piece) end
	return table.concat(out)
end

-- ---- names -----------------------------------------------------------------------------

test("every constant of krait.h", function()
	local found = 0
	for name, value in kit.read(kit.source .. "/include/krait.h"):gmatch("\n#define KRAIT_([%w_]+)%s+%(?(%-?%d+)") do
		found = found + 1
		same(krait[name], tonumber(value), name)
		same(krait.constant("KRAIT_" .. name), tonumber(value), name)
	end
	assert(found >= 45)
	fails("NOT_FOUND", "KRAIT_ERROR_NOT_FOUND", krait.constant("KRAIT_NOTHING"))
end)

test("every function of krait.h", function()
	local core, found = require "krait.core", 0
	for name in kit.read(kit.source .. "/include/krait.h"):gmatch("\nKRAIT_API [^\n]-krait_([%w_]+)%(") do
		found = found + 1
		local class, verb = name:match("^(%l+)_(.+)$")
		local held = verb and verb:find("ref$") -- references are what handles hold
		if verb ~= "free" and not held then assert(core[name], name) end
		if core.classes[class] then assert(core.classes[class][verb == "free" and "close" or verb] or held, name) end
	end
	assert(found > 100)
end)

test("the library and its devices", function()
	assert(krait.version():find("^%d+%.%d+%.%d+$"))
	same(krait.status_name(krait.END), "KRAIT_END")
	local devices = assert(krait.devices())
	same(devices[1].name, "cpu")
	assert(devices[1].memory > 0)
	local demo
	for _, model in ipairs(assert(krait.installed())) do if model.name == "demo" then demo = model end end
	assert(demo.whole and demo.size > 1000000 and demo.about == "installed")
end)

-- ---- numbers ---------------------------------------------------------------------------

test("logits, hidden vectors and greedy tokens of the golden models", function()
	for _, case in ipairs(kit.cases) do
		local model = assert(krait.open(kit.data .. "/golden/" .. case))
		local tokens = kit.golden(case, "tokens")
		local it = assert(model:session { temperature = 0, keep_positions = #tokens })
		assert(it:clear_stops())
		assert(it:feed(tokens))
		local logits, hidden = assert(it:logits()), assert(it:hidden())
		same(#logits, #tokens)
		same(#hidden[1], model:width())
		assert(kit.distance(kit.flat(logits), kit.golden(case, "logits")) < 1e-5, case)
		assert(kit.distance(kit.flat(hidden), kit.golden(case, "hidden")) < 1e-5, case)
		same(it:tokens(24), kit.golden(case, "greedy"), case)
		model:close()
	end
end)

test("vectors of texts", function()
	local texts = { "Once upon a time", "The king", { 1, 2, 3 } }
	local vectors = assert(kit.demo:embed(texts))
	for i, text in ipairs(texts) do
		local it = assert(kit.demo:session())
		assert(it:feed(text))
		same(vectors[i], it:hidden())
	end
	for _, vector in ipairs(assert(kit.demo:embed(texts, { pooling = "mean", normalise = true }))) do
		local sum = 0
		for _, x in ipairs(vector) do sum = sum + x * x end
		assert(math.abs(sum - 1) < 1e-5)
	end
	same(#assert(kit.demo:embed({})), 0)
	local none, why, status = kit.demo:embed { { 1 }, {} }
	assert(none == nil and why:find("text 1 has no tokens", 1, true) and status == krait.ERROR_ARGUMENT)
	raises("pooling is 'last' or 'mean'", kit.demo.embed, kit.demo, texts, { pooling = "middle" })
end)

test("scores", function()
	local model, case = open(), "mamba2-hf-f32"
	local tokens, logits, n = kit.golden(case, "tokens"), kit.golden(case, "logits"), model:vocab_size()
	local scores = assert(assert(model:session()):score(tokens))
	same(#scores, #tokens)
	assert(scores[1] ~= scores[1])
	for i = 2, #tokens do
		local sum, at = 0, (i - 2) * n
		for k = 1, n do sum = sum + math.exp(logits[at + k]) end
		assert(math.abs(scores[i] - (logits[at + tokens[i] + 1] - math.log(sum))) < 2e-5)
	end
end)

test("vectors in place of tokens", function()
	local model, tokens, rows = open(), kit.golden("mamba2-hf-f32", "tokens"), {}
	local embeddings = kit.tensor(kit.tiny .. "/model.safetensors", "backbone.embeddings.weight")
	for i, token in ipairs(tokens) do
		rows[i] = {}
		for k = 1, model:width() do rows[i][k] = embeddings[token * model:width() + k] end
	end
	local a, b = assert(model:session()), assert(model:session())
	assert(a:feed(tokens))
	assert(b:feed_embeddings(rows))
	same(a:logits(), b:logits())
	fails("ARGUMENT", "wide", b:feed_embeddings { { 1, 2 } })
	raises("not as long", b.feed_embeddings, b, { { 1, 2 }, { 1 } })
	raises("no number", b.feed_embeddings, b, { { "x" } })
end)

test("the demo model's text", function()
	local path = kit.data .. "/demo/golden.safetensors"
	local it = session { temperature = 0 }
	assert(it:feed(kit.tensor(path, "tokens")))
	local logits, all = it:logits(), kit.tensor(path, "logits")
	assert(kit.distance(logits, { (table.unpack or unpack)(all, #all - #logits + 1) }) < 1e-5)
	same(told(it, 64), kit.demo:tokenizer():decode(kit.tensor(path, "greedy")))
end)

test("kept positions", function()
	local it = session { keep_positions = 7 }
	for n = 1, 10 do
		local tokens = {}
		for i = 1, n do tokens[i] = i end
		assert(it:feed(tokens))
		same(#it:hidden(), math.min(n, 7))
	end
	assert(it:next())
	same(#it:logits(), 1)
	same(#session({}, "x"):logits(), 4096)
end)

-- ---- models ----------------------------------------------------------------------------

test("what a model says", function()
	local model = kit.demo
	same({ model:family(), model:device(), model:vocab_size(), model:width() }, { "mamba", "cpu", 4096, 256 })
	assert(model:info():find(model:fingerprint(), 1, true))
	assert(model:memory(10) > model:memory())
	assert(model:state_size() > 0 and model:n_parameters() > 3e6 and model:n_layers() == 6)
	same(type(model:note()), "string")
end)

test("options", function()
	local model = open { threads = 1, map = false, weights = "f32", instructions = "generic", device = "cpu", precision = "exact" }
	same(model:tokenizer(), nil)
	fails("UNSUPPORTED", "KRAIT_OPTION_TOKENIZER", model:session():feed("text"))
	same(#open({ tokenizer = kit.source .. "/models/demo" }):tokenizer(), 4096)
	fails("UNSUPPORTED", "KRAIT_OPTION_INSPECT", open({ inspect = true }):session())
	fails("ARGUMENT", "THREADS", krait.open(kit.tiny, { threads = -1 }))
	fails("ARGUMENT", "", krait.open(kit.tiny, { threads = "two" }))
	fails("UNSUPPORTED", "mmx", krait.open(kit.tiny, { instructions = "mmx" }))
	raises("no option 'colour'", krait.open, kit.tiny, { colour = 1 })
end)

test("callbacks, and errors in them", function()
	local seen, lines = {}, {}
	local model = open {
		progress = function(done, total) seen = { done, total } end,
		log = function(level, text) lines[level] = text end,
	}
	same(seen[1], seen[2])
	assert(lines[krait.LOG_INFO] and lines[krait.LOG_WARNING])
	local it, prompt = assert(model:session()), {}
	model:close()
	model = nil
	collectgarbage()
	collectgarbage()
	for i = 1, 5000 do prompt[i] = 1 end
	assert(it:feed(prompt))
	same(seen, { 5000, 5000 })
	same({ krait.open(kit.tiny, { progress = function() return true end }) }, { nil, "cancelled", krait.CANCELLED })
	raises("in a callback", krait.open, kit.tiny, { progress = function() error("in a callback") end })
	raises("in a callback", krait.open, kit.tiny, { log = function() error("in a callback") end })
	local other
	other = open { progress = function(done, total) if total == 5000 and done > 1000 then error({ why = "enough" }) end end }
	it = assert(other:session())
	local ok, why = pcall(it.feed, it, prompt)
	same({ ok, why.why }, { false, "enough" })
	assert(it:position() > 1000 and it:position() < 5000)
	assert(it:feed { 1 })
	local closing
	closing = open { progress = function(_, total) if total == 5000 then closing:close() end end }
	it = assert(closing:session())
	raises("closed in a callback", it.feed, it, prompt)
	local inside = {}
	it = assert(open { progress = function(done, total)
		if total == 5000 and done == total then table.insert(inside, { it:feed { 1 } }) end
	end }:session())
	assert(it:feed(prompt))
	fails("BUSY", "another thread", (table.unpack or unpack)(inside[1], 1, 3))
	local co = coroutine.wrap(function() return open { progress = function(done) seen = { done } end } end)
	assert(co())
end)

test("closing, and in any order", function()
	local model = open()
	local it, batch = assert(model:session()), assert(model:batch())
	assert(it:feed { 1, 2, 3 })
	local state = assert(it:snapshot())
	model:close()
	raises("closed", model.width, model)
	model:close()
	local fork = assert(it:fork())
	assert(batch:add(it, { 4 }))
	it:close()
	raises("closed", it.next, it)
	raises("session 1 of the batch was closed", batch.run, batch)
	assert(fork:restore(state))
	same(fork:position(), 3)
	local load = loadstring or load
	if load("local x <close> = nil") then
		local closed = assert(load([[
			local session = ...
			do local it <close> = session end
			return session]]))(fork)
		raises("closed", closed.next, closed)
	end
end)

test("wrong types are Lua errors", function()
	local it = session({}, "x")
	raises("a state is needed, not a number", it.restore, it, 7)
	raises("a session is needed, not a userdata", it.next, kit.demo)
	raises("number expected", it.rewind, it, "far")
	raises("negative", it.rewind, it, -1)
	raises("int32", it.feed, it, { 1, "x" })
	raises("int32", it.feed, it, { 2 ^ 40 })
	raises("table expected", it.feed, it, 7)
	raises("zero character", krait.open, "a\0b")
	raises("no setting 'colour'", it.set, it, { colour = 1 })
	raises("temperature takes a number, not a string", it.set, it, { temperature = "hot" })
	raises("threads cannot be a table", krait.open, kit.tiny, { threads = {} })
end)

-- What goes wrong inside krait.lua is laid to the line that called it.
test("an error names the caller's line", function()
	local it, closed = session({}, "x"), session({}, "x")
	closed:close()
	local calls = {
		["this session was closed"] = function() closed:feed("x") return 1 end,
		["no setting 'colour'"] = function() it:set { colour = 1 } return 1 end,
		["no setting 'size'"] = function() local size = it:get "size" return size end,
		["no option 'colour'"] = function() krait.open(kit.tiny, { colour = 1 }) return 1 end,
		["a model is needed, not a userdata"] = function() local n = kit.demo.batch(it) return n end,
		["negative"] = function() it:rewind(-1) return 1 end,
		["this session was closed "] = function() for piece in closed:generate(3) do print(piece) end return 1 end,
		["nothing was fed"] = function() for piece in session():generate(3) do print(piece) end return 1 end,
	}
	for text, call in pairs(calls) do
		local ok, why = pcall(call)
		assert(not ok and why:find((text:gsub(" $", "")), 1, true), why)
		assert(why:find("suite.lua:%d+: ") and not why:find("krait.lua", 1, true), why)
	end
end)

test("what handles say of themselves", function()
	local it = session({ seed = 3 }, "Once upon a time")
	assert(tostring(kit.demo):find("^krait model: mamba, %d+ parameters, on cpu$"))
	same(tostring(it), "krait session at position " .. it:position())
	same(tostring(it:snapshot()), ("krait state at position %d, %d bytes"):format(it:position(), it:snapshot():size()))
	same(tostring(kit.demo:tokenizer()), "krait tokenizer of 4096 tokens")
	same(tostring(kit.demo:batch()), "krait batch of 0 sessions")
	same(tostring(kit.demo:chat()), "krait chat")
	it:close()
	same(tostring(it), "krait session, closed")
end)

test("every error has a text and a status", function()
	local it, other = session({}, "x"), assert(open():session())
	assert(other:feed { 1 })
	fails("ARGUMENT", "5000", it:feed { 5000 })
	fails("ARGUMENT", "nothing was fed", session():next())
	fails("ARGUMENT", "nothing was fed", session():logits())
	fails("IO", kit.work, it:snapshot():save(kit.work))
	fails("FORMAT", "", kit.demo:load(kit.data .. "/bad/safetensors/trailing-garbage.safetensors"))
	fails("FORMAT", "", kit.demo:read("no state"))
	fails("UNSUPPORTED", "9999", it:set_int(9999, 1))
	fails("MISMATCH", "fingerprint", it:restore(other:snapshot()))
	fails("SPACE", "4096 are needed", require("krait.core").session_logits(it, 7))
	fails("NOT_FOUND", "/no/such", krait.open("/no/such"))
	fails("NOT_FOUND", "/no/such", krait.tokenizer("/no/such"))
	raises("/no/such", function() return assert(krait.open("/no/such")) end)
	if #krait.devices() < 2 or not krait.devices()[2].name:find("cuda:", 1, true) then
		fails("DEVICE", "cuda", krait.open(kit.tiny, { device = "cuda" }))
	end
	raises("nothing was fed", session():generate())
end)

-- ---- sessions --------------------------------------------------------------------------

test("settings", function()
	local it = session()
	local defaults = { top_k = 0, min_p = 0, typical_p = 1, repetition_penalty = 1, presence_penalty = 0,
		frequency_penalty = 0, max_new_tokens = 0, keep_positions = 0, rewind_tokens = 1 }
	for name, value in pairs(defaults) do same(it:get(name), value, name) end
	assert(it:set { temperature = 0.5, seed = 2 ^ 40 })
	same({ it:get "temperature", it:get "seed" }, { 0.5, 2 ^ 40 })
	fails("ARGUMENT", "", it:set { temperature = -1 })
	fails("ARGUMENT", "", kit.demo:session { top_p = 7 })
	local drawn, told_back = session({ temperature = 1 }, "Once"), session({ temperature = 1 }, "Once")
	assert(drawn:get "seed" ~= told_back:get "seed")
	assert(told_back:set { seed = drawn:get "seed" })
	same(drawn:tokens(20), told_back:tokens(20))
	assert(it:clear_stops() and it:reset_settings())
	local fresh = session()
	same({ it:get "temperature", it:get "top_p" }, { fresh:get "temperature", fresh:get "top_p" })
	assert(it:set_bias(0, 1e6) and it:feed("Once"))
	same({ it:next(), it:end_reason() }, { false, krait.REASON_STOP })
	same(kit.demo:stops(), { 0 })
	local other = session { temperature = 0.25 }
	assert(other:set_sampler(assert(kit.demo:sampler())))
	same(other:get "temperature", fresh:get "temperature")
	local low, high = krait.bounds "top_p"
	assert(low >= 0 and high == 1)
	fails("UNSUPPORTED", "", krait.bounds "weights")
	raises("'colour'", krait.bounds, "colour")
end)

test("exactly these tokens, copies, and what was held back", function()
	local encode = function(text) return kit.demo:tokenizer():encode(text) end
	local it, there = session {}, session {}
	local tokens = encode("Once upon a time there was a wolf.")
	same(it:feed_to(tokens), 0)
	assert(there:feed(tokens))
	same(it:hidden(), there:hidden())
	same(it:feed_to(tokens), #tokens)
	tokens[#tokens] = 7
	local reused = assert(it:feed_to(tokens))
	assert(reused < #tokens)
	assert(there:reset() and there:feed(tokens))
	same(it:hidden(), there:hidden())
	fails("ARGUMENT", "9999", it:feed_to { 9999 })
	local copy = session({ temperature = 0 }, "A fox")
	assert(copy:copy_from(it) and copy:copy_from(copy))
	same({ copy:position(), copy:get "seed" }, { it:position(), it:get "seed" })
	same(copy:tokens(5), it:tokens(5))
	fails("MISMATCH", "", copy:copy_from(open():session()))
	local first = encode("\228\189\160")[1]
	assert(it:set_bias(first, 1e6))
	same({ it:next(), it:piece() }, { first, "" })
	same({ it:flush(), it:flush() }, { "\239\191\189", "" })
	assert(it:cancel())
	it:cancel_clear()
	assert(it:next())
	same(it:state_size(), it:snapshot():size())
	same(kit.demo:state_growth(), 0)
	same(kit.demo:state_size_at(0), kit.demo:state_size())
end)

test("what the model thinks", function()
	local it = session({ temperature = 0.5 }, "Once upon a time")
	same(it:rows(), 1)
	local logits, sum = it:logits(), 0
	for _, x in ipairs(logits) do sum = sum + math.exp(x) end
	local top = assert(it:top(5))
	same({ #top, #it:top() }, { 5, 10 })
	for i, one in ipairs(top) do
		assert(math.abs(one.logprob - (logits[one.token + 1] - math.log(sum))) < 1e-4)
		assert(math.abs(it:logprob(one.token) - one.logprob) < 1e-6)
		assert(i == 1 or one.logprob <= top[i - 1].logprob)
	end
	local token = assert(it:next())
	assert(math.abs(it:drawn_logprob() - (logits[token + 1] - math.log(sum))) < 1e-4)
	assert(it:drawn_chance() <= 0)
	assert(it:feed { 1 })
	same({ it:drawn_logprob(), it:drawn_chance() }, {})
	fails("ARGUMENT", "", it:logprob(5000))
	fails("ARGUMENT", "nothing was fed", session():top())
end)

test("three ways to generate", function()
	local a = session({ temperature = 0.8, top_p = 0.9, seed = 11 }, "Once upon a time")
	local b, c = assert(a:fork()), assert(a:fork())
	local tokens, one_by_one = assert(a:tokens(30)), {}
	local text = told(b, 30)
	for i = 1, 30 do one_by_one[i] = c:next() end
	same(one_by_one, tokens)
	same(a:piece(), text)
	same(kit.demo:tokenizer():decode(tokens), text)
	same(a:hidden(), c:hidden())
end)

test("limits and stops", function()
	local it = session({ temperature = 0, max_new_tokens = 3 }, "Once upon a time")
	same(#it:tokens(10), 3)
	same({ it:next(), it:end_reason() }, { false, krait.REASON_LIMIT })
	it = session({ temperature = 0 }, "Once upon a time")
	local whole = told(it:fork(), 40)
	local stopped = it:fork()
	assert(stopped:add_stop("shone"))
	same(told(stopped), whole:sub(1, whole:find("shone", 1, true) - 1))
	same(stopped:end_reason(), krait.REASON_STOP_TEXT)
	local tokens = it:fork():tokens(5)
	stopped = it:fork()
	assert(stopped:add_stop(tokens[5]))
	same(stopped:tokens(10), { tokens[1], tokens[2], tokens[3], tokens[4] })
	same(stopped:end_reason(), krait.REASON_STOP)
	assert(it:set_bias(7, 1e6))
	same(it:tokens(2), { 7, 7 })
end)

test("rewind, reset, cancel", function()
	local it = session({ seed = 4 }, "Once upon a time")
	local there = assert(it:fork())
	it:tokens(20)
	assert(it:rewind(20))
	same(it:hidden(), there:hidden())
	fails("ARGUMENT", "", it:rewind(10000))
	assert(it:reset())
	same(it:position(), 0)
	assert(it:feed("Once upon a time"))
	assert(it:cancel())
	same({ it:next() }, { nil, "cancelled", krait.CANCELLED })
	assert(it:cancel())
	same({ it:feed { 1 } }, { nil, "cancelled", krait.CANCELLED })
	same(it:tokens(5), there:tokens(5))
end)

test("states", function()
	local it = session({ seed = 4 }, "Once upon a time")
	assert(it:set_note("mine \0 own"))
	local state = assert(it:snapshot())
	same({ state:position(), state:note() }, { it:position(), "mine \0 own" })
	local following, path = it:tokens(12), kit.work .. "/lua.state"
	assert(state:save(path))
	same(#state:bytes(), state:size())
	same(kit.read(path), state:bytes())
	for _, again in ipairs { assert(kit.demo:load(path)), assert(kit.demo:read(state:bytes())), state } do
		local other = session()
		assert(other:restore(again))
		same(other:tokens(12), following)
		same(again:note(), "mine \0 own")
	end
	local long = ("long"):rep(5000)
	assert(it:set_note(long))
	same(it:snapshot():note(), long)
end)

test("samplers", function()
	local file = kit.json("samplers", "normal-0.json")
	for _, case in ipairs(file.cases) do
		local bias = case.settings.logit_bias or {}
		case.settings.logit_bias = nil
		local it = assert(krait.sampler(case.settings))
		for token, value in pairs(bias) do assert(it:set_bias(tonumber(token), value)) end
		local probs, allowed = assert(it:probs(file.logits, case.history)), {}
		for i, token in ipairs(case.support) do
			allowed[token] = true
			assert(math.abs(probs[token + 1] - case.probs[i]) < 1e-6)
		end
		for draw = 0, 9 do assert(allowed[it:pick(file.logits, case.history, draw)]) end
	end
	local a, b = session({ temperature = 0.5, top_k = 7, top_p = 1, seed = 3 }, "Once"), session({}, "Once")
	assert(b:set_sampler(krait.sampler { temperature = 0.5, top_k = 7, seed = 3 }))
	same(a:tokens(20), b:tokens(20))
end)

test("batches", function()
	local texts, alone, together = { "Once upon a time", "The king", "A wolf and a fox went to the" }, {}, {}
	local batch, rows = assert(kit.demo:batch()), {}
	for i, text in ipairs(texts) do
		alone[i], together[i] = session({ seed = i }, text), session { seed = i }
		assert(batch:add(together[i], kit.demo:tokenizer():encode(text)))
	end
	same(#batch, 3)
	for i, entry in ipairs(assert(batch:run())) do same({ entry.status, entry.token }, { krait.OK, -1 }, i) end
	for step = 1, 10 do
		for _, it in ipairs(together) do assert(batch:add(it)) end
		rows[step] = assert(batch:run())
	end
	for i, it in ipairs(alone) do
		for step, token in ipairs(it:tokens(10)) do same(token, rows[step][i].token) end
		same(it:hidden(), together[i]:hidden())
	end
	assert(batch:add(alone[1]))
	fails("ARGUMENT", "already", batch:add(alone[1]))
	fails("ARGUMENT", "another model", batch:add(open():session()))
	batch:clear()
	same(#batch, 0)
end)

test("batches that score, and read a long prompt in parts", function()
	local tokens = kit.demo:tokenizer():encode("Once upon a time there was a wolf who lived in a wood, and a fox who did not.")
	local alone, it, other = session {}, session {}, session({ temperature = 0 }, "The king")
	local expected, batch = assert(alone:score(tokens)), assert(kit.demo:batch())
	assert(batch:add_score(it, tokens))
	assert(batch:add(other))
	local results = assert(batch:run())
	for i = 2, #tokens do same(results[1].scores[i], expected[i]) end
	same({ #results[1].scores, results[2].scores }, { #tokens })
	same(batch:logits(1), alone:logits())
	same(batch:logits(2), other:logits())
	raises("there is no entry 3", batch.logits, batch, 3)
	assert(batch:set { prompt_tokens = 8 })
	raises("'colour'", batch.set, batch, { colour = 1 })
	assert(it:reset() and alone:reset() and alone:feed(tokens))
	local left, runs = #tokens, 0
	assert(batch:add(it, tokens))
	while left > 0 do
		assert(batch:add(other))
		results, runs = assert(batch:run()), runs + 1
		assert(results[1].left < left and results[2].token >= 0)
		left = results[1].left
	end
	assert(runs >= #tokens / 8)
	same(it:hidden(), alone:hidden())
	it:close()
	raises("session 1 of the batch was closed", function() assert(batch:logits(1)) end)
end)

-- ---- text ------------------------------------------------------------------------------

test("tokenizers", function()
	local tokenizer = assert(krait.tokenizer(kit.source .. "/models/demo"))
	local lines = kit.lines("tokenizer", "demo.jsonl")
	assert(#lines > 20)
	for _, line in ipairs(lines) do
		same(tokenizer:encode(line.text, { parse_special = true, add_special = true }), line.ids, line.text)
	end
	local text = "Once upon a time \0 \240\159\152\128"
	same(tokenizer:decode(tokenizer:encode(text)), text)
	same(tokenizer:encode("\255"), tokenizer:encode("\239\191\189"))
	local long = ("word "):rep(20000)
	same(tokenizer:decode(tokenizer:encode(long)), long)
	local stop = assert(tokenizer:find("<|endoftext|>"))
	same({ tokenizer:is_special(stop), tokenizer:is_special(100) }, { true, false })
	same(tokenizer:find("no such token"), nil)
	same(tokenizer:decode({ stop }, { skip_special = true }), "")
end)

test("decoders", function()
	local tokenizer = kit.demo:tokenizer()
	for _, line in ipairs(kit.lines("tokenizer", "demo.stream.jsonl")) do
		local decoder = assert(tokenizer:decoder())
		for i, token in ipairs(line.ids) do same(decoder:push(token), line.pieces[i]) end
		same(decoder:flush(), line.flush)
	end
end)

test("chats", function()
	for _, case in ipairs(kit.json("demo", "chat_vectors.json")) do
		local chat, it = assert(kit.demo:chat()), session()
		for _, message in ipairs(case.messages) do assert(chat:add(message.role, message.content)) end
		same(chat:render(case.add_generation_prompt), case.text)
		if case.ids then same(chat:encode(case.add_generation_prompt), case.ids) end
		same(#assert(chat:pending(it)), #chat:encode())
		assert(chat:feed(it))
		same(it:position(), #chat:encode())
		same(#chat:pending(it), 0)
		same(chat:reused(), 0)
		assert(chat:resume(it))
	end
	local chat = assert(krait.chat())
	fails("UNSUPPORTED", "template", chat:render())
	fails("UNSUPPORTED", "line 2", chat:set_template("a\n{% extends 'x' %}"))
	assert(chat:set_template("chatml"))
	assert(chat:add_json('{"role": "user", "content": "x"}'))
	same(chat:render(false), "<|im_start|>user\nx<|im_end|>\n")
	assert(chat:set_template("{{ name }}"))
	assert(chat:set_json("name", '"set"'))
	same(chat:render(), "set")
end)
