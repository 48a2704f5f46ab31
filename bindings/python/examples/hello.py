# SPDX-License-Identifier: Apache-2.0
# A story, a chat and a saved state:  python3 hello.py [MODEL]
import sys
import krait

with krait.Model(sys.argv[1] if len(sys.argv) > 1 else "demo") as model:
    session = model.session(temperature=0.7, top_p=0.9, seed=5)
    session.feed("Once upon a time")
    for piece in session.generate(60):
        print(piece, end="", flush=True)
    print()

    chat = model.chat()
    chat.add("user", "Tell me a story about the wolf.")
    answer = model.session(temperature=0, max_new_tokens=40)
    chat.feed(answer)
    print("".join(answer.generate()))

    session.snapshot().save("hello.state")
    session.restore(model.load("hello.state"))
    print(session.position, "tokens in a state of", model.state_size, "bytes")
