-- Drops some of a queue's delayed messages. KEYS: unacked, unacked_index, delayed. ARGV: how many. Returns how many.
local tags = redis.call('ZRANGE', KEYS[3], 0, tonumber(ARGV[1]) - 1)
if #tags > 0 then
    redis.call('ZREM', KEYS[3], unpack(tags))
    redis.call('ZREM', KEYS[2], unpack(tags))
    return redis.call('HDEL', KEYS[1], unpack(tags))
end
return 0
