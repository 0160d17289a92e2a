-- needs shared
-- Renews leases. KEYS: unacked_index, leases, clock. ARGV: lease in ms, tags.
-- Returns the places of those that were not held.
local lease, now = lease_time(KEYS[3], KEYS[2])
local tags = {unpack(ARGV, 2)}
local held, lost, leases, scores = redis.call('ZMSCORE', KEYS[2], unpack(tags)), {}, {}, {}
local until_ = string.format('%.0f', lease + tonumber(ARGV[1]))
-- From then on Celery's workers count their visibility timeout.
local score = string.format('%.3f', (now + tonumber(ARGV[1])) / 1000)
for i, tag in ipairs(tags) do
    if held[i] then
        leases[#leases + 1], leases[#leases + 2] = until_, tag
        scores[#scores + 1], scores[#scores + 2] = score, tag
    else
        lost[#lost + 1] = i
    end
end
if #leases > 0 then
    redis.call('ZADD', KEYS[2], 'XX', unpack(leases))
    redis.call('ZADD', KEYS[1], 'XX', unpack(scores))
end
return lost
