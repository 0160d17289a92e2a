-- needs shared
-- Notes of messages that were lost before that they run now. KEYS: unacked. ARGV: length of the tail, tags.
local tail = tonumber(ARGV[1])
for i = 2, #ARGV do
    local value = redis.call('HGET', KEYS[1], ARGV[i])
    if value then
        redis.call('HSET', KEYS[1], ARGV[i], '[' .. as_begun(envelope_in(value, tail)) .. string.sub(value, -tail))
    end
end
return {}
