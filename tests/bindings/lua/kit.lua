-- SPDX-License-Identifier: Apache-2.0
-- kit.lua - what the tests of the Lua binding share: the answers, and a runner that prints TAP.
-- For Lua 5.1 to 5.4 and LuaJIT.
local kit = {}
local krait = require "krait"
kit.data, kit.source, kit.work = os.getenv "KRAIT_TEST_DATA", os.getenv "top_srcdir", os.getenv "work"
kit.cases = { "mamba1-bin-f16", "mamba1-hf-bf16", "mamba1-hf-sharded-f32", "mamba1-layernorm-f32", "mamba2-bin-bf16",
	"mamba2-dssm-f32", "mamba2-groups-f32", "mamba2-hf-f32", "mamba2-nonorm-f32" }
kit.tiny = kit.data .. "/golden/mamba2-hf-f32"
kit.demo = assert(krait.open(kit.source .. "/models/demo"))

function kit.read(path)
	local file = assert(io.open(path, "rb"))
	local text = file:read("*a")
	file:close()
	return text
end

-- ---- JSON ------------------------------------------------------------------------------

local function utf8_of(code)
	if code < 0x80 then return string.char(code) end
	local out = {}
	local most = code < 0x800 and 1 or code < 0x10000 and 2 or 3
	for i = most, 1, -1 do
		out[i + 1] = string.char(0x80 + code % 0x40)
		code = math.floor(code / 0x40)
	end
	out[1] = string.char(({ 0xc0, 0xe0, 0xf0 })[most] + code)
	return table.concat(out)
end

local plain = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }
local function read_string(text, at)
	local out = {}
	while true do
		local stop = text:find('["\\]', at)
		table.insert(out, text:sub(at, stop - 1))
		if text:sub(stop, stop) == '"' then return table.concat(out), stop + 1 end
		local kind = text:sub(stop + 1, stop + 1)
		at = stop + 2
		if kind == "u" then
			local code = tonumber(text:sub(at, at + 3), 16)
			at = at + 4
			if code >= 0xd800 and code < 0xdc00 then
				code = 0x10000 + (code - 0xd800) * 0x400 + tonumber(text:sub(at + 2, at + 5), 16) - 0xdc00
				at = at + 6
			end
			table.insert(out, utf8_of(code))
		else
			table.insert(out, plain[kind] or kind)
		end
	end
end

local words = { ["true"] = true, ["false"] = false }
local function read_value(text, at)
	at = text:find("%S", at)
	local c = text:sub(at, at)
	if c == '"' then return read_string(text, at + 1) end
	if c ~= "{" and c ~= "[" then
		local word = text:match("^[^%s,%]}]+", at)
		local value = words[word]
		if value == nil then value = tonumber(word) end
		return value, at + #word
	end
	local out, key = {}, 0
	at = text:find("%S", at + 1)
	while not text:find("^[%]}]", at) do
		if c == "{" then
			key, at = read_value(text, at)
			at = text:find(":", at, true) + 1
		else
			key = key + 1
		end
		out[key], at = read_value(text, at)
		at = text:find("[^%s,]", at)
	end
	return out, at + 1
end

function kit.json(...) return (read_value(kit.read(table.concat({ kit.data, ... }, "/")), 1)) end

function kit.lines(...)
	local out = {}
	for line in io.lines(table.concat({ kit.data, ... }, "/")) do table.insert(out, (read_value(line, 1))) end
	return out
end

-- ---- tensors ---------------------------------------------------------------------------

local function integer(text, at, n)
	local value = 0
	for i = at + n - 1, at, -1 do value = value * 256 + text:byte(i) end
	return value
end

local function real(text, at, n)
	local shift, mantissa_bits, bias = n == 8 and 16 or 2, n == 8 and 52 or 23, n == 8 and 1023 or 127
	local high, next = text:byte(at + n - 1), text:byte(at + n - 2)
	local exponent = high % 128 * shift + math.floor(next * shift / 256)
	local fraction = integer(text, at, n - 2) + next % (256 / shift) * 256 ^ (n - 2)
	local value = exponent == 0 and fraction * 2 ^ (1 - bias - mantissa_bits) or
		(1 + fraction / 2 ^ mantissa_bits) * 2 ^ (exponent - bias)
	return high >= 128 and -value or value
end

local function int32(text, at)
	local value = integer(text, at, 4)
	return value >= 2 ^ 31 and value - 2 ^ 32 or value
end

-- One tensor of a safetensors file, as a flat table.
function kit.tensor(path, name)
	local text = kit.read(path)
	local size = integer(text, 1, 8)
	local entry = read_value(text:sub(9, 8 + size), 1)[name]
	local each, read = 8, real
	if entry.dtype == "I32" then each, read = 4, int32 elseif entry.dtype == "F32" then each = 4 end
	local out = {}
	for at = entry.data_offsets[1], entry.data_offsets[2] - 1, each do
		table.insert(out, read(text, 9 + size + at, each))
	end
	return out
end

function kit.golden(case, name) return kit.tensor(kit.data .. "/golden/" .. case .. "/golden.safetensors", name) end

-- The relative L2 distance of a from b.
function kit.distance(a, b)
	assert(#a == #b, #a .. " numbers, not " .. #b)
	local above, below = 0, 0
	for i = 1, #a do
		above = above + (a[i] - b[i]) ^ 2
		below = below + b[i] ^ 2
	end
	return math.sqrt(above / below)
end

function kit.flat(rows)
	local out = {}
	for _, row in ipairs(rows) do
		for _, x in ipairs(row) do table.insert(out, x) end
	end
	return out
end

-- ---- results ---------------------------------------------------------------------------

-- The script that runs this may have had results of its own.
local n, failed = tonumber(os.getenv "n_tests" or 0), false

function kit.same(a, b, what)
	if type(a) == "table" and type(b) == "table" then
		kit.same(#a, #b, (what or "") .. " size")
		for i = 1, #a do kit.same(a[i], b[i], (what or "") .. "[" .. i .. "]") end
	elseif a ~= b then
		error((what or "value") .. ": " .. tostring(a) .. ", not " .. tostring(b), 2)
	end
end

-- The call returns nil, a text that has `text` in it, and the status of this name.
function kit.fails(name, text, value, message, status)
	kit.same(value, nil, name)
	kit.same(krait.status_name(status), "KRAIT_ERROR_" .. name)
	assert(message:find(text, 1, true), message)
end

-- The call raises an error that has `text` in it.
function kit.raises(text, ...)
	local ok, message = pcall(...)
	assert(not ok, "no error was raised")
	assert(tostring(message):find(text, 1, true), message)
end

function kit.test(name, fn)
	local ok, message = xpcall(fn, debug.traceback)
	n = n + 1
	print((ok and "ok " or "not ok ") .. n .. " - " .. name)
	if not ok then
		failed = true
		print("# " .. tostring(message):gsub("\n", "\n# "))
	end
	collectgarbage()
end

if arg and arg[0]:find("kit.lua", 1, true) then
	package.loaded.kit = kit
	for i = 1, #arg do require(arg[i]) end
	print("1.." .. n)
	os.exit(failed and 1 or 0)
end
return kit
