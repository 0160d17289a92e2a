-- needs shared
-- Puts back what nobody extended in time, and says what Celery's workers hold for too long.
-- KEYS: unacked, unacked_index, clock; for each queue: leases, its lists
-- ARGV: visibility timeout in ms, lists a queue; for each queue: length of the tail
-- Returns how many were put back, then the tags of those others.
local MOST_BACK = 500
local unacked, index, clock = KEYS[1], KEYS[2], KEYS[3]
local lists, queues, back = tonumber(ARGV[2]), #ARGV - 2, 0
local lease, now = lease_time(clock, index)
for queue = 1, queues do
    local base = 4 + (queue - 1) * (lists + 1)
    local tail = tonumber(ARGV[2 + queue])
    local over = redis.call('ZRANGEBYSCORE', KEYS[base], '-inf', lease, 'LIMIT', 0, MOST_BACK)
    table.sort(over)
    for i = #over, 1, -1 do
        local tag = over[i]
        redis.call('ZREM', KEYS[base], tag)
        redis.call('ZREM', index, tag)
        local value = redis.call('HGET', unacked, tag)
        if value then
            back = back + 1
            redis.call('HDEL', unacked, tag)
            redis.call('RPUSH', KEYS[base + list_of(tag)], as_lost(envelope_in(value, tail)))
        end
    end
end
local held = redis.call('ZRANGEBYSCORE', index, '-inf', (now - tonumber(ARGV[1])) / 1000, 'LIMIT', 0, 100)
table.insert(held, 1, back)
return held
