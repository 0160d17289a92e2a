-- Keeps records and publishes them, unless a success is there and the new one is none.
-- KEYS: the key of each record. ARGV: milliseconds to live (or nothing), and the value of each.

local function is_success(value)
    local status = value:match('^{%s*"status"%s*:%s*"([^"]*)"')
    if status then
        return status == 'SUCCESS'
    end
    if value:byte(1) == 123 then -- JSON in an order of its own
        local readable, fields = pcall(cjson.decode, value)
        return readable and type(fields) == 'table' and fields.status == 'SUCCESS'
    end
    if value:find('^args:') or value:find('^children:') then -- YAML
        return value:find('\nstatus: SUCCESS\n', 1, true) ~= nil
    end
    local _, key = value:sub(1, 64):find('status', 1, true)
    -- pickle, MessagePack, or the mark of umbel-redis
    return key ~= nil and value:sub(key + 1, key + 16):find('SUCCESS', 1, true) ~= nil
end

local life = ARGV[1]
for number, key in ipairs(KEYS) do
    local value = ARGV[number + 1]
    local old = redis.call('GETRANGE', key, 0, 63)
    if old ~= '' and not old:find('^{%s*"status"') then
        old = redis.call('GET', key)
    end
    if old == '' or not is_success(old) or is_success(value) then
        if life == '' then
            redis.call('SET', key, value)
        else
            redis.call('SET', key, value, 'PX', life)
        end
        redis.call('PUBLISH', key, value)
    end
end
