-- Puts one message back that a worker of Celery's held for too long, unless that has ended.
-- KEYS: unacked, unacked_index, list. ARGV: tag, what `unacked` had for it, envelope
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
    return 0
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('RPUSH', KEYS[3], ARGV[3])
return 1
