-- needs shared
-- Puts back what nobody extended in time, and says what Celery's workers hold for too long.
-- KEYS: unacked, unacked_index, clock, workers; for each queue: leases, lapsed, its lists
-- ARGV: visibility timeout in ms, lists a queue; for each queue: length of the tail
-- Returns how many were put back, then the tags of those others.
local MOST_BACK, REMEMBERED, KNOWN = 500, 3600000, 86400000
local unacked, index, clock, workers = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local lists, queues, back = tonumber(ARGV[2]), #ARGV - 2, 0
local lease, now = lease_time(clock, index)
local names

-- Whose the tag is, as far as that is known.
local function holder_of(tag)
    if not names then
        names = {}
        for _, member in ipairs(redis.call('ZRANGE', workers, 0, -1)) do
            local token, name = string.match(member, '^(%S+) (%S+)$')
            names[token or member] = name
        end
    end
    local token = string.sub(tag, 1, -10 - #string.match(tag, '%d+$'))
    return names[token] or token
end

redis.call('ZREMRANGEBYSCORE', workers, '-inf', now - KNOWN)
for queue = 1, queues do
    local base = 5 + (queue - 1) * (lists + 2)
    local lapsed = KEYS[base + 1]
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
            local envelope = as_lost(envelope_in(value, tail), holder_of(tag), now)
            redis.call('RPUSH', KEYS[base + 1 + list_of(tag)], envelope)
            redis.call('ZADD', lapsed, now, tag)
        end
    end
    if #over > 0 then
        redis.call('ZREMRANGEBYSCORE', lapsed, '-inf', now - REMEMBERED)
        redis.call('PEXPIRE', lapsed, REMEMBERED)
    end
end
local held = redis.call('ZRANGEBYSCORE', index, '-inf', (now - tonumber(ARGV[1])) / 1000, 'LIMIT', 0, 100)
table.insert(held, 1, back)
return held
