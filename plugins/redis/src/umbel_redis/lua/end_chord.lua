-- Ends a chord: what was counted is dropped, and so are values; that it is over stays known.
-- KEYS: the chord; the keys of the values. ARGV: milliseconds for which it is known.
local chord = KEYS[1]
redis.call('SET', chord .. '.c', 'done', 'PX', ARGV[1])
redis.call('UNLINK', chord .. '.j', chord .. '.d', chord .. '.s', chord .. '.t', unpack(KEYS, 2))
