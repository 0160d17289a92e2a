-- The time: of the server, and of the leases. Both in milliseconds.
--
-- The clock of the leases stands still while nobody looks at it: after the server was down or paused nobody could renew a
-- lease, and it must not be taken for that from a worker that lives. At most MOST passes between two looks.
local MOST = 2000

local function server_time()
    local now = redis.call('TIME')
    return tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
end

-- `touched` is a sorted set. When memory is full (maxmemory), Redis refuses a script's first write if that may need
-- more; so the first one is one that never does, and then what ends work is let through.
local function lease_time(key, touched)
    redis.call('ZREM', touched, '')
    local now = server_time()
    local seen = redis.call('HMGET', key, 'lease', 'server')
    local passed = now - (tonumber(seen[2]) or now)
    local lease = (tonumber(seen[1]) or now) + math.max(0, math.min(passed, MOST))
    if not seen[1] or passed < 0 or passed > 200 then
        redis.call('HSET', key, 'lease', string.format('%.0f', lease), 'server', string.format('%.0f', now))
    end
    return lease, now
end

-- What a field of `unacked` holds: the envelope, the exchange, and the routing key, as Celery keeps it there.
local function envelope_in(value, tail)
    return string.sub(value, 2, -1 - tail)
end

-- A tag says by its end which of its queue's lists the message belongs to: ":3" is the third.
local function list_of(tag)
    return tonumber(string.match(tag, ':(%d+)$'))
end

-- The losses are counted in the envelope, so that whoever hands it out next knows. One that was lost before says there
-- that it runs, too, while it does: then one more is counted if its lease ends; the first one is counted in any case.
local LOST = '^{"umbel%-lost": ?(%d+), ?(.*)$'
local BEGUN = '^"umbel%-begun": ?true, ?'

local function as_begun(envelope)
    local times, rest = string.match(envelope, LOST)
    if times and not string.find(rest, BEGUN) then
        return '{"umbel-lost":' .. times .. ',"umbel-begun":true,' .. rest
    end
    return envelope
end

-- `more` losses are added to it, and it does not run any longer.
local function as_ended(envelope, more)
    local times, rest = string.match(envelope, LOST)
    if times then
        return '{"umbel-lost":' .. (tonumber(times) + more) .. ',' .. string.gsub(rest, BEGUN, '', 1)
    elseif more > 0 and string.sub(envelope, 1, 2) == '{"' then
        return '{"umbel-lost":' .. more .. ',' .. string.sub(envelope, 2)
    end
    return envelope
end

local function as_lost(envelope)
    local times, rest = string.match(envelope, LOST)
    return as_ended(envelope, (not times or string.find(rest, BEGUN)) and 1 or 0)
end

