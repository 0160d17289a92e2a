-- Ends leases whose messages are done. KEYS: unacked, unacked_index, leases. ARGV: tags.
-- Returns the places of those that were not held.
local held, lost = redis.call('ZMSCORE', KEYS[3], unpack(ARGV)), {}
for i = 1, #ARGV do
    if not held[i] then
        lost[#lost + 1] = i
    end
end
redis.call('ZREM', KEYS[3], unpack(ARGV))
redis.call('ZREM', KEYS[2], unpack(ARGV))
redis.call('HDEL', KEYS[1], unpack(ARGV))
return lost
