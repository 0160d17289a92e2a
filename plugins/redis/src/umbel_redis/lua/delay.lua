-- needs shared
-- Publishes messages of one queue that are not due yet: to the sorted set from which Umbel's workers take them in time,
-- or, where Celery's workers serve the queue and none of Umbel's do, to the queue itself, as Celery does.
-- KEYS: unacked, unacked_index, delayed, listening, who shows that Celery is there (two), the lists
-- ARGV: name of the queue, ms for which a worker counts as listening, length of the tail; for each message: tag,
--       due in ms, score in the index, value
local unacked, index, delayed = KEYS[1], KEYS[2], KEYS[3]
local heard = tonumber(redis.call('ZSCORE', KEYS[4], ARGV[1]) or 0)
local is_ours = heard + tonumber(ARGV[2]) > server_time() or redis.call('EXISTS', KEYS[5], KEYS[6]) == 0
for i = 4, #ARGV, 4 do
    local tag, value = ARGV[i], ARGV[i + 3]
    if is_ours then
        redis.call('HSET', unacked, tag, value)
        redis.call('ZADD', index, ARGV[i + 2], tag)
        redis.call('ZADD', delayed, ARGV[i + 1], tag)
    else
        redis.call('LPUSH', KEYS[6 + list_of(tag)], envelope_in(value, tonumber(ARGV[3])))
    end
end
return is_ours and 1 or 0
