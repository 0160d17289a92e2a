-- Counts members of a chord's header, each once, where Celery's workers count theirs and as they do; then looks whether
-- all are there, and if so takes the right to publish the body.
-- KEYS: the chord; perhaps a value that is wanted.
-- ARGV: who asks, the milliseconds for which he would have the right, milliseconds to live (or nothing), whether there is
-- an order; for each member: its name, its value, its place in the header (or +inf).
-- Returns what has returned, with places if there is an order, who has, and the value; nothing while it is not complete.
local chord = KEYS[1]
local returned, counted, dispatcher = chord .. '.j', chord .. '.d', chord .. '.c'
local owner = redis.call('GET', dispatcher)
if owner == 'done' then
    return false -- A late copy of a task of a chord that is over.
end
local ordered = ARGV[4] == '1'
for number = 5, #ARGV, 3 do
    if redis.call('SADD', counted, ARGV[number]) == 1 then
        if ordered then
            redis.call('ZADD', returned, ARGV[number + 2], ARGV[number + 1])
        else
            redis.call('RPUSH', returned, ARGV[number + 1])
        end
    end
end
if ARGV[3] ~= '' then
    for _, part in ipairs({'.j', '.d', '.s', '.t'}) do
        redis.call('PEXPIRE', chord .. part, ARGV[3])
    end
end
local size = redis.call('GET', chord .. '.s')
local count = redis.call(ordered and 'ZCARD' or 'LLEN', returned)
if not size or count < tonumber(size) + tonumber(redis.call('GET', chord .. '.t') or 0) then
    return false
end
if owner and owner ~= ARGV[1] then
    return false
end
redis.call('SET', dispatcher, ARGV[1], 'PX', ARGV[2])
local all = ordered and redis.call('ZRANGE', returned, 0, -1, 'WITHSCORES') or redis.call('LRANGE', returned, 0, -1)
return {all, redis.call('SMEMBERS', counted), KEYS[2] and redis.call('GET', KEYS[2])}
