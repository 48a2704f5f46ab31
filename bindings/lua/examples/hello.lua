-- SPDX-License-Identifier: Apache-2.0
-- A story, a chat and a saved state:  lua5.4 hello.lua [MODEL]
local krait = require "krait"

local model = assert(krait.open(arg[1] or "demo"))
local session = assert(model:session { temperature = 0.7, top_p = 0.9, seed = 5 })
assert(session:feed("Once upon a time"))
for piece in session:generate(60) do io.write(piece) end
print()

local chat = assert(model:chat())
assert(chat:add("user", "Tell me a story about the wolf."))
local answer = assert(model:session { temperature = 0, max_new_tokens = 40 })
assert(chat:feed(answer))
for piece in answer:generate() do io.write(piece) end
print()

assert(assert(session:snapshot()):save("hello.state"))
assert(session:restore(assert(model:load("hello.state"))))
print(session:position(), "tokens in a state of", model:state_size(), "bytes")
session:close()
model:close() -- or, in Lua 5.4: local model <close> = ...
