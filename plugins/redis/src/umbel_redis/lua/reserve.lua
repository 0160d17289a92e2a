-- needs shared
-- Hands out what is there, each message under a tag that nobody had before.
-- KEYS: unacked, unacked_index, clock, paused; for each queue: delayed, leases, its lists, the most urgent first
-- ARGV: limit, token, last number, lease in ms, lists a queue, "turn" or "strict"; for each queue: name, tail
-- Returns ms until a delayed message is due (-1: none waits), what is wrong, and for each list that gave something:
-- number of the queue, number of the list, how many, the envelopes
local CHUNK, MOST_BYTES, PROMOTED = 100, 8000000, 1000
local unacked, index, clock, paused = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local limit, token, number = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local lists, fair = tonumber(ARGV[5]), ARGV[6] == 'turn'
local queues = (#ARGV - 6) / 2
local answer, wrong, fields, scores = {-1, {}}, {}, {}, {}
local taken, bytes, until_, seconds, now = 0, 0, nil, nil, server_time()

local function first_key(queue)
    return 4 + (queue - 1) * (lists + 2)
end

local function first_due(queue)
    return tonumber(redis.call('ZRANGE', KEYS[first_key(queue) + 1], 0, 0, 'WITHSCORES')[2])
end

local function promote(queue)
    local delayed, base = KEYS[first_key(queue) + 1], first_key(queue) + 2
    local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, PROMOTED)
    -- The first to be due shall be the first to be taken, and is put there last.
    for i = #due, 1, -1 do
        local tag = due[i]
        redis.call('ZREM', delayed, tag)
        local value = redis.call('HGET', unacked, tag)
        if value then
            redis.call('HDEL', unacked, tag)
            redis.call('ZREM', index, tag)
            redis.call('RPUSH', KEYS[base + list_of(tag)], envelope_in(value, #ARGV[6 + queue * 2]))
        end
    end
end

local function note(queue, list, popped)
    local tail, held = ARGV[6 + queue * 2], {}
    if not until_ then
        local lease
        lease, seconds = lease_time(clock, KEYS[first_key(queue) + 2], now)
        until_ = string.format('%.0f', lease + tonumber(ARGV[4]))
        seconds = string.format('%.3f', (seconds + tonumber(ARGV[4])) / 1000)
    end
    answer[#answer + 1], answer[#answer + 2], answer[#answer + 3] = queue, list, #popped
    for i = 1, #popped do
        number = number + 1
        local envelope, tag = popped[i], token .. string.format('%08x:%d', number, list)
        bytes = bytes + #envelope
        answer[#answer + 1] = envelope
        fields[#fields + 1], fields[#fields + 2] = tag, '[' .. envelope .. tail
        scores[#scores + 1], scores[#scores + 2] = seconds, tag
        held[#held + 1], held[#held + 2] = until_, tag
    end
    redis.call('ZADD', KEYS[first_key(queue) + 2], unpack(held))
end

local function take(queue, want)
    local base = first_key(queue) + 2
    for list = 1, lists do
        -- One question for all the less urgent lists: mostly they are empty.
        if list == 2 and (want == 0 or redis.call('EXISTS', unpack(KEYS, base + 2, base + lists)) == 0) then
            return
        end
        while want > 0 and bytes < MOST_BYTES do
            local asked = math.min(want, CHUNK)
            local popped = redis.pcall('RPOP', KEYS[base + list], asked)
            if not popped then
                break
            elseif popped.err then
                wrong[#wrong + 1] = KEYS[base + list] .. '\n' .. popped.err
                break
            end
            note(queue, list, popped)
            taken, want = taken + #popped, want - #popped
            if #popped < asked then
                break
            end
        end
    end
end

local open, dues = {}, {}
for queue = 1, queues do
    if redis.call('SISMEMBER', paused, ARGV[5 + queue * 2]) == 0 then
        open[#open + 1] = queue
        dues[queue] = first_due(queue)
        if dues[queue] and dues[queue] <= now then
            promote(queue)
            dues[queue] = first_due(queue)
        end
    end
end
-- Each queue gets its share of what is left of the limit; what the later ones left over the first ones get.
if fair then
    for place, queue in ipairs(open) do
        take(queue, math.ceil((limit - taken) / (#open - place + 1)))
    end
end
if not fair or #open > 1 then
    for _, queue in ipairs(open) do
        take(queue, limit - taken)
    end
end
if taken > 0 then
    redis.call('HSET', unacked, unpack(fields))
    redis.call('ZADD', index, unpack(scores))
end
if taken < limit then
    for _, due in pairs(dues) do
        local wait = math.max(0, math.ceil(due - now))
        answer[1] = answer[1] < 0 and wait or math.min(answer[1], wait)
    end
end
answer[2] = wrong
return answer
