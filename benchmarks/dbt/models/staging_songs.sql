select song_id, title, duration, year, artist_id, artist_name, nullif(artist_location, '') as artist_location,
       artist_latitude, artist_longitude
from read_json('{{ env_var("SPARKIFY_FOLDER") }}/song_data/**/*.json', format = 'newline_delimited', columns = {
    song_id: 'VARCHAR', title: 'VARCHAR', duration: 'DOUBLE', year: 'SMALLINT', artist_id: 'VARCHAR',
    artist_name: 'VARCHAR', artist_location: 'VARCHAR', artist_latitude: 'DOUBLE', artist_longitude: 'DOUBLE'
})
