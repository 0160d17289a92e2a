-- needs shared
-- Ends leases whose messages go back to their queue, now or later, or to its dead letters.
-- KEYS: unacked, unacked_index, leases, delayed, dead, order of the dead, the lists
-- ARGV: length of the tail, most dead letters; for each: tag, how many losses to add, what to add to its history, then
--       "back" "" "" | "later" due in ms, score in the index | "dead" when in ms, what to say of it
-- Returns the places of those that were not held.
local unacked, index, leases, delayed, dead, order = unpack(KEYS, 1, 6)
local tail, most, lost = tonumber(ARGV[1]), tonumber(ARGV[2]), {}

-- The first of a batch shall be the first to be taken, and is put there last.
for i = #ARGV - 5, 3, -6 do
    local tag, more, entry, kind, first, second = unpack(ARGV, i, i + 5)
    local value = redis.call('ZREM', leases, tag) == 1 and redis.call('HGET', unacked, tag)
    if not value then
        lost[#lost + 1] = (i + 3) / 6
    else
        local envelope = as_ended(envelope_in(value, tail), tonumber(more), entry)
        redis.call('HDEL', unacked, tag)
        redis.call('ZREM', index, tag)
        if kind == 'back' then
            redis.call('RPUSH', KEYS[6 + list_of(tag)], envelope)
        elseif kind == 'later' then
            local new = 'd' .. string.sub(tag, 2)
            redis.call('HSET', unacked, new, '[' .. envelope .. string.sub(value, -tail))
            redis.call('ZADD', index, second, new)
            redis.call('ZADD', delayed, first, new)
        else
            redis.call('HSET', dead, tag, second .. '\n' .. envelope)
            redis.call('ZADD', order, first, tag)
        end
    end
end
local over = redis.call('ZCARD', order) - most
if over > 0 then
    for _, tag in ipairs(redis.call('ZRANGE', order, 0, over - 1)) do
        redis.call('HDEL', dead, tag)
        redis.call('ZREM', order, tag)
    end
end
return lost
