"""The builder takes `builder.prepare` and `builder.save`, emits `environment.*` and `image.saved`.

It owns `environment`, `image` and `built`, and is one of the two workers that hold the engine's socket.
"""
