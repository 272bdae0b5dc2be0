"""The executor takes `executor.execute`, emits `execution.*`, owns `execution`.

It is one of the two workers that hold the engine's socket.
"""
