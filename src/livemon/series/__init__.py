"""Pure numpy on time series: no I/O, no clock, no sockets."""
