-- needs shared
-- Takes dead letters of one queue away, and puts them back on their lists if there are any.
-- KEYS: dead, order of the dead, the lists (none: only take them away). ARGV: tags. Returns how many there were.
local found = 0
for _, tag in ipairs(ARGV) do
    local letter = redis.call('HGET', KEYS[1], tag)
    redis.call('HDEL', KEYS[1], tag)
    redis.call('ZREM', KEYS[2], tag)
    if letter then
        found = found + 1
        if #KEYS > 2 then
            local envelope = string.sub(letter, string.find(letter, '\n', 1, true) + 1)
            envelope = string.gsub(envelope, '^{"umbel%-lost": ?%d+', '{"umbel-lost":0', 1)
            redis.call('LPUSH', KEYS[2 + list_of(tag)], envelope)
        end
    end
end
return found
