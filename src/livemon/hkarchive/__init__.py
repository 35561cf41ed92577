"""House-keeping .g3: frames, crash-safe writer, reader."""
