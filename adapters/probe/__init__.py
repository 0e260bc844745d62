"""The network doctor: what stands between this machine and a server, hop by hop.

`probe` walks the way to each `Target` and yields a line for each question: proxy, dns, reachable
(proxy-reachable, proxy-tls, connect), tls, tls-version, certificate, inspection, answer, redirect,
client-certificate, clock, round-trip, limits, upload-rate.
"""
