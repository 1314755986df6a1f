"""photofit beside other programs that shrink photos. `benches/peers/run --help` says how to use it."""
