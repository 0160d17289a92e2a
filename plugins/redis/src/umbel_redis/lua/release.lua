-- Gives a lock back. KEYS: the lock. ARGV: its owner.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
return redis.call('DEL', KEYS[1])
