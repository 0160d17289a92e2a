-- Counts a member of a chord's header once, where Celery's workers count theirs, and as they do.
-- KEYS: what has returned, who has, the chord's size, what was added to it, who publishes the body.
-- ARGV: the member, its value, its place in the header (or +inf), whether there is an order, milliseconds to live (or
-- nothing).
local returned, counted, dispatcher = KEYS[1], KEYS[2], KEYS[5]
if redis.call('GET', dispatcher) == 'done' then
    return 0 -- A late copy of a task of a chord that is over.
end
local ordered = ARGV[4] == '1'
if redis.call('SADD', counted, ARGV[1]) == 1 then
    if ordered then
        redis.call('ZADD', returned, ARGV[3], ARGV[2])
    else
        redis.call('RPUSH', returned, ARGV[2])
    end
end
if ARGV[5] ~= '' then
    for number = 1, 4 do
        redis.call('PEXPIRE', KEYS[number], ARGV[5])
    end
end
return redis.call(ordered and 'ZCARD' or 'LLEN', returned)
