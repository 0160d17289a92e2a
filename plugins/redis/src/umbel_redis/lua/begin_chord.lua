-- Says how many members the header of a chord has, keeps values, and lists members, unless the chord is over.
-- KEYS: the chord; the keys of the values; the tallies in which it is listed.
-- ARGV: the size, milliseconds to live (or nothing), whether it begins again even if it is over, how many values; the
-- values; what is listed.
-- Returns whether it has begun.
local chord, life, values = KEYS[1], ARGV[2], tonumber(ARGV[4])
if redis.call('GET', chord .. '.c') == 'done' then
    if ARGV[3] ~= '1' then
        return 0
    end
    redis.call('UNLINK', chord .. '.j', chord .. '.d', chord .. '.t', chord .. '.c')
end
local function keep(key, value)
    if life == '' then
        redis.call('SET', key, value)
    else
        redis.call('SET', key, value, 'PX', life)
    end
end
keep(chord .. '.s', ARGV[1])
for number = 1, values do
    keep(KEYS[1 + number], ARGV[4 + number])
end
for number = values + 1, #KEYS - 1 do
    redis.call('HSETNX', KEYS[1 + number], ARGV[4 + number], '')
    if life ~= '' then
        redis.call('PEXPIRE', KEYS[1 + number], life)
    end
end
return 1
