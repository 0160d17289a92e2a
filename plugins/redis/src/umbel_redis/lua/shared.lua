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
local function lease_time(key, touched, now)
    redis.call('ZREM', touched, '')
    now = now or server_time()
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

-- The losses are counted in the envelope, and told (histories.py), so that whoever hands it out next knows. One that was
-- lost before says there that it runs, too, while it does: then one more is counted if its lease ends; the first one is
-- counted in any case.
local LOST = '^{"umbel%-lost": ?(%d+), ?(.*)$'
local HISTORY = '^"umbel%-history": ?"([^"]*)", ?(.*)$'
local BEGUN = '^"umbel%-begun": ?true, ?'
local MOST_HISTORY = 8000

-- How often it was lost, its history, whether it runs, and the rest of it; nothing if that is no envelope.
local function parts_of(envelope)
    local times, rest = string.match(envelope, LOST)
    if not times then
        if string.sub(envelope, 1, 2) == '{"' then
            return 0, '', false, string.sub(envelope, 2)
        end
        return nil
    end
    local history, after = string.match(rest, HISTORY)
    local left, begun = string.gsub(after or rest, BEGUN, '', 1)
    return tonumber(times), history or '', begun > 0, left
end

local function whole(times, history, rest)
    while #history > MOST_HISTORY do
        history = string.gsub(history, '^[^,]*,?', '', 1)
    end
    return '{"umbel-lost":' .. times .. ',"umbel-history":"' .. history .. '",' .. rest
end

local function as_begun(envelope)
    local times, history, _, rest = parts_of(envelope)
    return times and whole(times, history, '"umbel-begun":true,' .. rest) or envelope
end

-- `more` losses are added to it, and `entry` to its history, and it does not run any longer.
local function as_ended(envelope, more, entry)
    if entry == '' and not string.find(envelope, LOST) then
        return envelope
    end
    local times, history, _, rest = parts_of(envelope)
    if not times then
        return envelope
    end
    local comma = (history ~= '' and entry ~= '') and ',' or ''
    return whole(times + more, history .. comma .. entry, rest)
end

local function as_lost(envelope, worker, now)
    local times, _, begun = parts_of(envelope)
    if not times or (times > 0 and not begun) then
        return as_ended(envelope, 0, '')
    end
    local what = begun and 'its worker was lost while it ran' or 'its worker was lost with it'
    return as_ended(envelope, 1, string.format('%.0f %s %s', now, worker, what))
end

