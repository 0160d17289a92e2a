-- Counts a member once. KEYS: the tally. ARGV: the member, its value, milliseconds to live (or nothing).
redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
if ARGV[3] ~= '' then
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return redis.call('HLEN', KEYS[1])
