select artist, auth, "firstName" as first_name, gender, "itemInSession" as item_in_session, "lastName" as last_name,
       length, level, location, method, page, registration::bigint as registration, "sessionId" as session_id, song,
       status, ts, "userAgent" as user_agent, nullif("userId", '') as user_id
from read_json('{{ env_var("SPARKIFY_FOLDER") }}/log_data/**/*.json', format = 'newline_delimited', columns = {
    artist: 'VARCHAR', auth: 'VARCHAR', "firstName": 'VARCHAR', gender: 'VARCHAR', "itemInSession": 'INTEGER',
    "lastName": 'VARCHAR', length: 'DOUBLE', level: 'VARCHAR', location: 'VARCHAR', method: 'VARCHAR', page: 'VARCHAR',
    registration: 'DOUBLE', "sessionId": 'INTEGER', song: 'VARCHAR', status: 'SMALLINT', ts: 'BIGINT',
    "userAgent": 'VARCHAR', "userId": 'VARCHAR'
})
