-- needs shared
-- Publishes a message: a worker that waits for one gets it at once, under a lease, if nothing else is in its queue.
-- KEYS: unacked, unacked_index, clock, paused, offers, leases, the lists
-- ARGV: number of the list, envelope, name of the queue, tail
-- Returns how many messages its list holds then; 0: it was handed over.
local unacked, index, clock, paused, offers, leases = unpack(KEYS, 1, 6)
local list, envelope, queue, tail = unpack(ARGV)

local function lease_of(tag, lease_ms)
    local lease, now = lease_time(clock, leases)
    redis.call('ZADD', leases, string.format('%.0f', lease + lease_ms), tag)
    redis.call('HSET', unacked, tag, '[' .. envelope .. tail)
    redis.call('ZADD', index, string.format('%.3f', (now + lease_ms) / 1000), tag)
end

if redis.call('EXISTS', unpack(KEYS, 7)) == 0 and redis.call('SISMEMBER', paused, queue) == 0 then
    local offer = redis.call('RPOP', offers)
    while offer do
        local channel, tag, lease_ms = string.match(offer, '^(%S+) (%S+) (%d+)$')
        tag = tag .. ':' .. list
        lease_of(tag, tonumber(lease_ms))
        if redis.pcall('PUBLISH', channel, tag .. ' ' .. envelope) == 1 then
            return 0
        end
        -- Its connection is gone, and it with it.
        redis.call('ZREM', leases, tag)
        redis.call('ZREM', index, tag)
        redis.call('HDEL', unacked, tag)
        offer = redis.call('RPOP', offers)
    end
end
return redis.call('LPUSH', KEYS[6 + list], envelope)
