"""The builder takes `builder.prepare` and `builder.save`, emits `environment.*` and `image.saved`.

It owns `environment`, `image`, `built`, `broken` and `base`, and is one of the two workers that hold the engine's
socket.
"""
